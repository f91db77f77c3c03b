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
        guard let bytes = FileManager.default.contents(atPath: path) else {
            return problem("the \(what) file can't be read", fix: "check its owner and mode: ls -l \(path)")
        }
        guard let text = String(data: bytes, encoding: .utf8) else {
            return problem("the \(what) file is not UTF-8 text", fix: "save it as UTF-8")
        }
        return .success(text)
    }
}
