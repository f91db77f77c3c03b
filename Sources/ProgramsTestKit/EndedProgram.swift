public import Foundation
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// A program that a test ran to its end: how it ended, and what it said.
///
/// Foundation's `Process` learns of an end by a socket that every child started meanwhile inherits: beside a server that lives as long as the
/// tests, such a wait may never end. And what a program says goes to a file: whoever it leaves behind can't keep its reader waiting.
public struct EndedProgram: Sendable {
    /// The exit code; 128 and the signal when one ended it.
    public let code: Int
    /// What it wrote to both of its outputs, in order.
    public let output: Data

    public struct Trouble: Error, CustomStringConvertible { public let description: String }

    /// - Parameters:
    ///   - words: the program, as a path or as the PATH finds it, and its arguments.
    ///   - environment: nil leaves it ours. What a sanitizer goes by is handed on in any case.
    /// - Throws: `Trouble` when it could not be run.
    public static func run(_ words: [String], environment: [String: String]? = nil) async throws -> EndedProgram {
        let file = FileManager.default.temporaryDirectory.appending(path: "program-\(UUID()).out").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        let output = try FileDescriptor.open(FilePath(file), .writeOnly, options: [.create, .exclusiveCreate, .append], permissions: .ownerReadWrite)
        let program: Executable = words[0].contains("/") ? .path(FilePath(words[0])) : .name(words[0])
        var settings = Environment.inherit
        if let environment {
            let sanitizer = ProcessInfo.processInfo.environment.filter { ["ASAN_OPTIONS", "TSAN_OPTIONS", "LD_PRELOAD"].contains($0.key) }
            let all = environment.merging(sanitizer) { given, _ in given }
            settings = .custom(Dictionary(uniqueKeysWithValues: all.map { (Environment.Key(stringLiteral: $0.key), $0.value) }))
        }
        let ended = try await Subprocess.run(
            program, arguments: Arguments(Array(words.dropFirst())), environment: settings, input: .none,
            output: .fileDescriptor(output, closeAfterSpawningProcess: false), error: .fileDescriptor(output, closeAfterSpawningProcess: true))
        let code =
            switch ended.terminationStatus {
            case .exited(let status): Int(status)
            case .signaled(let signal): 128 + Int(signal)
            }
        return EndedProgram(code: code, output: FileManager.default.contents(atPath: file) ?? Data())
    }

    public var said: String { String(decoding: output, as: UTF8.self) }

    /// What it said. Any end but 0 is trouble.
    @discardableResult
    public static func said(_ words: String...) async throws -> String {
        let ended = try await run(words)
        guard ended.code == 0 else { throw Trouble(description: "\(words.joined(separator: " ")) ended with \(ended.code): \(ended.said)") }
        return ended.said
    }
}
