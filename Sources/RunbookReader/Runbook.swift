import Foundation

/// A runbook's commands: every line of its `sh` blocks, with the scene it stands in and the exit codes it may end with.
///
/// `<!-- scene: NAME -->` says which state a section's commands are typed in, up to the next such line. A command ends with 0 unless a comment
/// behind it says `# ends with 3`, or `# ends with 0 or 3`; whatever else the comment says is for people. `\` at the end of a line goes on in the next.
public struct Runbook: Sendable {
    public struct Command: Sendable, Equatable, CustomStringConvertible {
        public let file: String
        public let line: Int
        /// Without its comment.
        public let text: String
        public let codes: Set<Int>
        /// Empty where none was named.
        public let scene: String
        public var description: String { "\(file):\(line): \(text)" }
    }

    public struct Flaw: Error, Equatable, CustomStringConvertible {
        public let file: String
        public let line: Int
        public let what: String
        public var description: String { "\(file):\(line): \(what)" }
    }

    public let file: String
    public let commands: [Command]

    public init(file: String, text: String) throws(Flaw) {
        self.file = file
        var (commands, scene, fence): ([Command], String, String?) = ([], "", nil)
        var open: (line: Int, text: String)?
        for (index, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = raw.trimmingCharacters(in: .whitespaces)
            if line.hasPrefix("```") {
                if fence != nil, let open { throw Flaw(file: file, line: open.line, what: "the command goes on, and its block ends") }
                fence = fence == nil ? String(line.dropFirst(3)) : nil
            } else if fence == nil {
                if let name = line.firstMatch(of: /^<!-- scene: (.+) -->$/)?.1 { scene = String(name) }
            } else if fence == "sh" {
                let begun = open ?? (index + 1, "")
                let joined = begun.text + line
                if joined.hasSuffix("\\") {
                    open = (begun.line, joined.dropLast().trimmingCharacters(in: .whitespaces) + " ")
                    continue
                }
                open = nil
                let (command, comment) = ShellWords.comment(of: joined)
                if command.isEmpty { continue }
                commands.append(Command(file: file, line: begun.line, text: command, codes: try Self.codes(comment, file, begun.line), scene: scene))
            }
        }
        if fence != nil { throw Flaw(file: file, line: text.split(separator: "\n", omittingEmptySubsequences: false).count, what: "a block is not closed") }
        self.commands = commands
    }

    private static func codes(_ comment: String, _ file: String, _ line: Int) throws(Flaw) -> Set<Int> {
        guard let start = comment.range(of: "ends with ") else { return [0] }
        var codes: Set<Int> = []
        for word in comment[start.upperBound...].split(whereSeparator: { " ,;:.".contains($0) }) {
            if word == "or" { continue }
            guard let code = Int(word) else { break }
            codes.insert(code)
        }
        guard !codes.isEmpty else { throw Flaw(file: file, line: line, what: "it says what it ends with, and no number: \(comment)") }
        return codes
    }
}

/// What stands between backticks in running text.
public enum InlineCode {
    /// With the line of each. Fenced blocks are left out.
    public static func of(_ text: String) -> [(line: Int, code: String)] {
        var found: [(Int, String)] = []
        var isFenced = false
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.trimmingCharacters(in: .whitespaces).hasPrefix("```") {
                isFenced.toggle()
            } else if !isFenced {
                for match in line.matches(of: /`([^`]+)`/) { found.append((index + 1, String(match.1))) }
            }
        }
        return found
    }
}
