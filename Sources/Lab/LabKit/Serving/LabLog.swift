import Foundation

/// One line on standard error, with the time.
enum LabLog {
    static func say(_ line: String) {
        let time = Date.now.formatted(.iso8601)
        FileHandle.standardError.write(Data("\(time) \(line)\n".utf8))
    }
}
