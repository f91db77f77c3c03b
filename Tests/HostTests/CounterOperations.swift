import Cutover
import Foundation
import Host
import Synchronization

/// Operations on a number in a file: enough to see how often something was really done.
enum Counter {
    struct Value: Sendable, Codable, Equatable { let count: Int }

    static func read(_ host: HostSight) throws -> Int { try DurableFile.read("\(host.statePath)/counter").flatMap { Int($0) } ?? 0 }

    static func add(_ host: HostHand) throws -> Value {
        let count = try read(host.sight) + 1
        try DurableFile.write(String(count), to: "\(host.sight.statePath)/counter")
        return Value(count: count)
    }

    struct Look: ReadsOnHost {
        static let kind: OperationKind = "counter.look"
        typealias Result = Value
        func read(_ host: HostSight) async throws -> Value { Value(count: try Counter.read(host)) }
    }

    struct Try: TriesOnHost {
        static let kind: OperationKind = "counter.try"
        typealias Result = Value
        func attempt(_ host: HostHand) async throws -> Value { try Counter.add(host) }
    }

    struct Set: ActsOnHost {
        static let kind: OperationKind = "counter.set"
        static let once = Once.convergent
        typealias Result = Value
        func act(_ host: HostHand) async throws -> Value { try Counter.add(host) }
    }

    static func filler(_ folder: String) -> String { "\(folder)/filler" }

    /// Leaves no byte free on the disk below the folder.
    static func fill(_ folder: String) throws {
        let file = open(filler(folder), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw HostFault.file(filler(folder), errno) }
        defer { close(file) }
        for size in [1 << 16, 1 << 12, 1] {
            let bytes = [UInt8](repeating: 7, count: size)
            while write(file, bytes, size) > 0 {}
        }
    }

    /// Adds one, and leaves no room for the record of that.
    struct Fill: ActsOnHost {
        static let kind: OperationKind = "counter.fill"
        static let once = Once.convergent
        typealias Result = Value
        func act(_ host: HostHand) async throws -> Value {
            let value = try Counter.add(host)
            try Counter.fill(host.sight.statePath)
            return value
        }
    }

    struct Commit: ActsOnHost {
        static let kind: OperationKind = "counter.commit"
        static let once = Once.transactional
        typealias Result = Value
        func act(_ host: HostHand) async throws -> Value { try Counter.add(host) }
    }

    struct Fire: ActsOnHost {
        static let kind: OperationKind = "counter.fire"
        static let once = Once.unrepeatable
        typealias Result = Value
        func act(_ host: HostHand) async throws -> Value { try Counter.add(host) }
    }

    /// Adds one and then fails in the way that was asked for.
    struct Fail: ActsOnHost {
        static let kind: OperationKind = "counter.fail"
        static let once = Once.convergent
        typealias Result = Value
        let effect: StepFailure.Effect?

        func act(_ host: HostHand) async throws -> Value {
            _ = try Counter.add(host)
            guard let effect else { throw HostFault.said("the abacus broke") }
            throw StepFailure("the abacus broke", effect: effect, next: "mend it")
        }
    }

    /// Leaves time between reading and writing, so that two at once would lose a count.
    struct Dawdle: ActsOnHost {
        static let kind: OperationKind = "counter.dawdle"
        static let once = Once.convergent
        typealias Result = Value
        static let inside = Mutex((now: 0, most: 0))

        func act(_ host: HostHand) async throws -> Value {
            Self.inside.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            defer { Self.inside.withLock { $0.now -= 1 } }
            let before = try Counter.read(host.sight)
            try? await Task.sleep(for: .milliseconds(10))
            try DurableFile.write(String(before + 1), to: "\(host.sight.statePath)/counter")
            return Value(count: before + 1)
        }
    }

    /// Answers whatever text it was given.
    struct Echo: ReadsOnHost {
        static let kind: OperationKind = "counter.echo"
        typealias Result = String
        let text: String
        func read(_ host: HostSight) async throws -> String { text }
    }

    struct Break: ReadsOnHost {
        static let kind: OperationKind = "counter.break"
        typealias Result = Value
        func read(_ host: HostSight) async throws -> Value { throw HostFault.said("the abacus broke") }
    }

    /// Ends when nobody waits for it any more.
    struct Linger: ReadsOnHost {
        static let kind: OperationKind = "counter.linger"
        typealias Result = Value
        func read(_ host: HostSight) async throws -> Value {
            while true { try await Task.sleep(for: .seconds(60)) }
        }
    }

    struct Big: ReadsOnHost {
        static let kind: OperationKind = "counter.big"
        typealias Result = Value
        func read(_ host: HostSight) async throws -> Value { Value(count: 123_456_789) }
    }

    static let book: HostOperationBook = {
        var book = HostOperationBook()
        book.add(Look.self)
        book.add(Try.self)
        book.add(Set.self)
        book.add(Fill.self)
        book.add(Commit.self)
        book.add(Fire.self)
        book.add(Fail.self)
        book.add(Dawdle.self)
        book.add(Echo.self)
        book.add(Break.self)
        book.add(Linger.self)
        book.add(Big.self)
        return book
    }()
}

/// One host whose state lies in a folder of the test.
struct CounterHost: Sendable {
    let folder: Folder
    var state: String { folder.file("state") }

    init() throws { folder = try Folder() }

    struct Served: Sendable {
        let line: String
        let exitCode: Int32
        var answer: HostAnswer? { HostAnswer.parse(line) }
        var count: Int? { answer?.result.flatMap { try? CanonicalJSON.value(Counter.Value.self, from: $0).count } }
    }

    func request<Operation: HostOperation>(
        _ operation: Operation, id: OperationID = "op-1", as operationClass: OperationClass = .writing, once: Once? = nil, fence: Int = 1,
        journal: JournalID = "journal-1"
    ) throws -> HostRequest {
        HostRequest(
            id: id, kind: Operation.kind, operationClass: operationClass, once: once, tenant: "acme", step: "A0/count", journal: journal, fence: fence,
            envPath: folder.file("env"), statePath: state, payload: try CanonicalJSON.text(operation))
    }

    /// As the program on a host serves what arrives on its standard input.
    func serve(_ request: HostRequest, as told: OperationClass? = nil) async throws -> Served {
        await serve(Array(try CanonicalJSON.text(request).utf8), as: (told ?? request.operationClass).rawValue)
    }

    func serve(_ input: [UInt8], as told: String) async -> Served {
        let (line, exitCode) = await HostProgram.serve(operationClass: told, input: input, operations: Counter.book)
        return Served(line: line, exitCode: exitCode)
    }

    func write<W: ActsOnHost>(
        _ operation: W, id: OperationID = "op-1", fence: Int = 1, journal: JournalID = "journal-1"
    ) async throws -> Served {
        try await serve(request(operation, id: id, once: W.once, fence: fence, journal: journal))
    }

    /// As if the host had gone down between the beginning of an operation and the record of its end.
    func leaveStarted(_ id: OperationID) throws {
        try DurableFile.makeFolder("\(state)/ops")
        try DurableFile.write("begun\n", to: "\(state)/ops/\(id).started")
    }

    var count: Int { (try? DurableFile.read("\(state)/counter").flatMap { Int($0) }) ?? 0 }
    func has(_ name: String) -> Bool { folder.has("state/\(name)") }
}
