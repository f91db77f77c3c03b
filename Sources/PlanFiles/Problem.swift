/// One thing that is wrong with a file: where, what, and what to write instead.
public struct Problem: Error, Sendable, Codable, Hashable, CustomStringConvertible {
    public let file: String
    /// From 1; 0 when the problem has no place, as with a file that is not there.
    public let line: Int
    /// From 1, counted in Unicode scalars.
    public let column: Int
    public let what: String
    public let fix: String

    public init(file: String, line: Int, column: Int, what: String, fix: String) {
        self.file = file
        self.line = line
        self.column = column
        self.what = what
        self.fix = fix
    }

    public var description: String {
        let place = line > 0 ? "\(file):\(line):\(column)" : file
        return "\(place): \(what)\n    fix: \(fix)"
    }
}
