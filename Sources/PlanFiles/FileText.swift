import Foundation

/// A file's text, or why there is none.
enum FileText {
    static func read(_ path: String, what: String, option: String) -> Result<String, Problem> {
        func problem(_ what: String, fix: String) -> Result<String, Problem> {
            .failure(Problem(file: path, line: 0, column: 0, what: what, fix: fix))
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            return problem("there is no such \(what) file", fix: "give another with \(option)")
        }
        if isFolder.boolValue { return problem("this is a folder, not a \(what) file", fix: "name the file in it with \(option)") }
        guard let bytes = contents(path) else {
            return problem("the \(what) file can't be read", fix: "check its owner and mode: ls -l \(path)")
        }
        guard let text = String(data: bytes, encoding: .utf8) else {
            return problem("the \(what) file is not UTF-8 text", fix: "save it as UTF-8")
        }
        return .success(text)
    }

    /// No more than what is refused for its length: a device has no end.
    private static func contents(_ path: String) -> Data? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        var bytes = Data()
        do {
            while bytes.count <= Document.most.fleet, let more = try file.read(upToCount: 1 << 20), !more.isEmpty { bytes.append(more) }
        } catch { return nil }
        return bytes
    }
}
