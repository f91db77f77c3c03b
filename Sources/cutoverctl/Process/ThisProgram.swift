import Foundation

/// The running program's own file, and those beside it.
enum ThisProgram {
    static var path: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? Bundle.main.executablePath ?? CommandLine.arguments[0]
    }

    static func sibling(_ name: String) -> String { URL(filePath: path).deletingLastPathComponent().appending(path: name).path }

    /// Becomes another program. Returns only when that failed, with the reason.
    static func become(_ program: String, _ arguments: [String]) -> String {
        var pointers: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
        pointers.append(nil)
        execv(program, pointers)
        return String(cString: strerror(errno))
    }
}
