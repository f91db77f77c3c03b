import Cutover
import Foundation
import ProgramsTestKit
import Testing

@testable import Host

/// A tenant's folder on a host that may have other tenants, and other users.
@Suite("a host's ledger folder in hostile hands") struct StateFolderTests {
    let root: String
    var state: String { "\(root)/acme" }
    var other: String { "\(root)/zeta" }

    init() throws {
        root = NSTemporaryDirectory() + "hostile-\(UUID().uuidString)"
        for path in [root, root + "/zeta"] { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700]) }
    }

    func done(_ body: () async throws -> Void) async rethrows {
        defer { try? FileManager.default.removeItem(atPath: root) }
        try await body()
    }

    struct Touch: ActsOnHost {
        typealias Result = [String]
        static let kind: OperationKind = "hostile.touch"
        static let once = Once.convergent
        func act(_ host: HostHand) async throws -> [String] {
            _ = FileManager.default.createFile(atPath: "\(host.sight.statePath)/touched", contents: nil)
            return []
        }
    }

    struct Look: ReadsOnHost {
        typealias Result = [String]
        static let kind: OperationKind = "hostile.look"
        func read(_ host: HostSight) async throws -> [String] { try host.evidence.entries().map(\.kind) }
    }

    static let book: HostOperationBook = {
        var book = HostOperationBook()
        book.add(Touch.self)
        book.add(Look.self)
        return book
    }()

    func serve(_ state: String, id: OperationID = "op-1", as work: OperationClass = .writing, fence: Int = 3) async throws -> HostAnswer {
        let payload = work == .writing ? try CanonicalJSON.text(Touch()) : try CanonicalJSON.text(Look())
        let request = HostRequest(
            id: id, kind: work == .writing ? Touch.kind : Look.kind, operationClass: work, once: work == .writing ? .convergent : nil, tenant: "acme", step: "A0/x", journal: "j", fence: fence,
            envPath: "/nowhere/env", statePath: state, payload: payload)
        let (line, _) = await HostProgram.serve(operationClass: work.rawValue, input: Array(try CanonicalJSON.text(request).utf8), operations: Self.book)
        return try #require(HostAnswer.parse(line))
    }

    /// Refused in words that name the place, and nothing was done anywhere.
    func refused(_ state: String, saying word: String, id: OperationID = "op-1") async throws {
        for work in [OperationClass.writing, .reading] {
            let answer = try await serve(state, id: id, as: work)
            #expect(answer.status == .refused, "\(work): \(answer)")
            #expect(answer.failure?.what.contains(word) == true, "\(answer)")
        }
        #expect(!FileManager.default.fileExists(atPath: "\(other)/touched") && !FileManager.default.fileExists(atPath: "\(state)/touched"))
    }

    @Test("a link in its place, which may lead into another tenant's, is refused in words")
    func link() async throws {
        try await done {
            try FileManager.default.createSymbolicLink(atPath: state, withDestinationPath: other)
            try await refused(state, saying: "symbolic link")
            #expect(try FileManager.default.contentsOfDirectory(atPath: other).isEmpty)
        }
    }

    @Test("a file in its place, a path with dots and a path from nowhere are refused", arguments: ["file", "/../zeta", "relative"])
    func noFolder(how: String) async throws {
        try await done {
            if how == "file" {
                try Data().write(to: URL(fileURLWithPath: state))
                try await refused(state, saying: "no folder")
            } else {
                try await refused(how == "relative" ? "acme" : state + how, saying: "absolute path")
            }
        }
    }

    @Test("one that others can write to is refused", arguments: [0o777, 0o770, 0o702])
    func writable(mode: Int) async throws {
        try await done {
            try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: false)
            chmod(state, mode_t(mode))
            try await refused(state, saying: "chmod go-w")
        }
    }

    @Test("one in a folder where anybody may rename it is refused; a sticky bit is enough, as /tmp has it")
    func looseParent() async throws {
        try await done {
            chmod(root, 0o777)
            try await refused(state, saying: "sticky bit")
            chmod(root, 0o1777)
            #expect(try await serve(state).status == .done)
        }
    }

    @Test("one that belongs to somebody else is refused, to root as well")
    func foreign() async throws {
        guard geteuid() == 0 else { return }
        try await done {
            try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
            chown(state, 65_534, 65_534)
            try await refused(state, saying: "belongs to user 65534")
        }
    }

    @Test("an ordinary user's own folder is used as it is, by the real program, and not root's by him")
    func ordinary() async throws {
        guard geteuid() == 0 else { return }
        try await done {
            let program = CorpusTests.program.replacing("/fuzz", with: "/cutoverctl")
            chmod(root, 0o711)
            let (mine, roots) = ("\(root)/nobody", other)
            try FileManager.default.createDirectory(atPath: mine, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            chown(mine, 65_534, 65_534)
            func ask(_ state: String) async throws -> String {
                let request = HostRequest(
                    id: "op-1", kind: LeaveBehind.kind, operationClass: .writing, once: LeaveBehind.once, tenant: "acme", step: "A0/x", journal: "j", fence: 3, envPath: "/nowhere/env", statePath: state,
                    payload: "{}")
                let input = "\(root)/request"
                try Data(try CanonicalJSON.text(request).utf8).write(to: URL(fileURLWithPath: input))
                chmod(input, 0o644)
                // The program may lie where nobody else may look: it is handed over open.
                return try await EndedProgram.run(["sh", "-c", #"exec 9<"$1"; exec setpriv --reuid 65534 --regid 65534 --clear-groups /proc/self/fd/9 host writing <"$2""#, "sh", program, input]).said
            }
            let own = try await ask(mine)
            guard !own.contains("ermission denied") else { return }
            #expect(HostAnswer.parse(own)?.status == .done, "\(own)")
            #expect(HostAnswer.parse(try await ask(roots))?.status != .done)
            #expect(try FileManager.default.contentsOfDirectory(atPath: roots).isEmpty)
        }
    }

    @Test("a link in place of a file of the ledger is neither followed nor written through", arguments: ["lock", "fence", "journal", "ops", "ops/op-2.started", "ops/op-2.done", "evidence.jsonl"])
    func linkedFile(name: String) async throws {
        try await done {
            #expect(try await serve(state, id: "op-1").status == .done)
            let victim = "\(root)/victim"
            try Data("3".utf8).write(to: URL(fileURLWithPath: victim))
            try FileManager.default.createDirectory(atPath: "\(root)/folder", withIntermediateDirectories: false)
            try? FileManager.default.removeItem(atPath: "\(state)/\(name)")
            try FileManager.default.createSymbolicLink(atPath: "\(state)/\(name)", withDestinationPath: name == "ops" ? "\(root)/folder" : victim)
            let answer = try await serve(state, id: "op-2", as: name == "evidence.jsonl" ? .reading : .writing)
            #expect(answer.status != .done, "\(name): \(answer)")
            #expect(answer.failure?.what.contains("symbolic link") == true, "\(answer)")
            #expect(try String(contentsOfFile: victim, encoding: .utf8) == "3")
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(root)/folder").isEmpty)
        }
    }

    @Test("whatever lies under the name that a file is written beside is not written through")
    func plantedTemporary() async throws {
        try await done {
            let victim = "\(root)/victim"
            try Data("untouched".utf8).write(to: URL(fileURLWithPath: victim))
            try FileManager.default.createSymbolicLink(atPath: "\(other)/file.\(getpid()).new", withDestinationPath: victim)
            try DurableFile.write("text", to: "\(other)/file")
            #expect(try String(contentsOfFile: victim, encoding: .utf8) == "untouched")
            #expect(try String(contentsOfFile: "\(other)/file", encoding: .utf8) == "text")
        }
    }

    @Test("an id that would be a path is none", arguments: ["../../victim", "/etc/x", "", ".hidden", "a b", "a\nb", "a\u{0}", String(repeating: "x", count: 300)])
    func ids(id: String) async throws {
        try await done {
            let answer = try await serve(state, id: OperationID(id))
            #expect(answer.status == .refused)
            #expect(try FileManager.default.contentsOfDirectory(atPath: root) == ["zeta"])
        }
    }

    @Test("what the host keeps is for its owner alone")
    func modes() async throws {
        try await done {
            #expect(try await serve(state).status == .done)
            _ = try await EvidenceLedger(statePath: state).append("seen", ["a": "b"])
            for name in ["", "/ops", "/lock", "/fence", "/journal", "/ops/op-1.started", "/ops/op-1.done", "/evidence.jsonl"] {
                var facts = stat()
                #expect(lstat(state + name, &facts) == 0, "\(name)")
                #expect(facts.st_mode & 0o077 == 0, "\(name) has mode \(String(facts.st_mode & 0o777, radix: 8))")
            }
        }
    }
}
