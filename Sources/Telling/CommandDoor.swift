public import Cutover
import Foundation
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// Runs a program of the operator's for each notice, which stands in its environment: `CUTOVER_NOTICE` is all of it as JSON, `CUTOVER_NOTICE_TEXT`
/// and the like its parts. Nothing of it is an argument, so no shell can take it for more than text.
public struct CommandDoor: HookDoor {
    private let argv: [String]
    private let seconds: Int

    public init(argv: [String], seconds: Int = 60) {
        self.argv = argv
        self.seconds = seconds
    }

    public func tell(_ notice: Notice) async throws(HookTrouble) {
        guard let program = argv.first else { throw HookTrouble("no program is named", isFinal: true) }
        let (arguments, variables) = (Array(argv.dropFirst()), Self.variables(notice))
        let work = Task { try await Self.run(program, arguments, variables) }
        let clock = Task {
            try await Task.sleep(for: .seconds(seconds))
            work.cancel()
        }
        defer { clock.cancel() }
        let result = await withTaskCancellationHandler { await work.result } onCancel: { work.cancel() }
        switch result {
        case .success(0): return
        case .success(let code): throw HookTrouble("its program ended with \(code)")
        case .failure: throw HookTrouble(work.isCancelled ? "its program did not end within \(seconds) s" : "its program can't be begun")
        }
    }

    static func variables(_ notice: Notice) -> [String: String] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let all = (try? encoder.encode(notice)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
        let parts = ["ID": notice.id, "KIND": notice.kind.rawValue, "TENANT": notice.tenant?.text, "STEP": notice.step, "TEXT": notice.text, "NEXT": notice.next]
        return Dictionary(uniqueKeysWithValues: parts.compactMap { name, value in value.map { ("CUTOVER_NOTICE_\(name)", $0) } })
            .merging(["CUTOVER_NOTICE": all]) { $1 }
    }

    private static func run(_ program: String, _ arguments: [String], _ variables: [String: String]) async throws -> Int {
        var options = PlatformOptions()
        // A Ctrl-C that stops the loop must not cut it off.
        options.processGroupID = 0
        let updates = Dictionary(uniqueKeysWithValues: variables.map { (Environment.Key(stringLiteral: $0.key), Optional($0.value)) })
        let executable: Executable = program.contains("/") ? .path(FilePath(program)) : .name(program)
        let result = try await Subprocess.run(
            executable, arguments: Arguments(arguments), environment: .inherit.updating(updates), platformOptions: options, output: .discarded, error: .discarded)
        try Task.checkCancellation()
        switch result.terminationStatus {
        case .exited(let code): return Int(code)
        case .signaled(let signal): return 128 + Int(signal)
        }
    }
}
