import Foundation

/// A server in Python that says its port on a line of its own, as long as this value lives. It ends when our end of its standard input closes, however we end.
public final class PythonServer: Sendable {
    struct Trouble: Error { let what: String }

    public let url: String
    private let mouth: FileHandle

    /// - Parameter script: its path from this project's `Tests` folder.
    public init(_ script: String) throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "Tests")
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = [tests.appending(path: script).path]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let port = Int(line) else { throw Trouble(what: "\(script) said: \(line)") }
        url = "http://127.0.0.1:\(port)"
        mouth = input.fileHandleForWriting
    }

    deinit { try? mouth.close() }
}
