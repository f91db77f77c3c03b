import Foundation

/// The Python server among the fixtures, as long as this value lives. It ends when our end of its standard input closes, however we end.
final class SmallServer: Sendable {
    struct Trouble: Error { let what: String }

    let url: String
    private let mouth: FileHandle

    init() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = [URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/http/small-server.py").path]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let port = Int(line) else { throw Trouble(what: "the server said: \(line)") }
        url = "http://127.0.0.1:\(port)"
        mouth = input.fileHandleForWriting
    }

    deinit { try? mouth.close() }
}
