public import Cutover
import Foundation

/// The file in which a host keeps its own credentials and settings: KEY=VALUE lines. Its values never leave the host.
public struct EnvFile: Sendable, Equatable {
    public let path: String
    private var lines: [Line]
    /// From elsewhere, for what the file does not say. Never written to it.
    private var others: [String: String] = [:]

    public init(path: String, text: String) {
        self.path = path
        self.lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { Line(String($0)) }
        if lines.last?.text == "" { lines.removeLast() }
    }

    public static func read(_ path: String) throws(HostFault) -> EnvFile {
        guard let text = try DurableFile.read(path) else { throw HostFault.said("the env file \(path) is not there") }
        return EnvFile(path: path, text: text)
    }

    public subscript(key: String) -> String? {
        lines.last { $0.key == key }?.value ?? others[key]
    }

    /// All variables, as a process is started with them.
    public var variables: [String: String] {
        var all = others
        for line in lines { if let key = line.key { all[key] = line.value } }
        return all
    }

    public var text: String { lines.map(\.text).joined(separator: "\n") + "\n" }

    /// A copy in which `key` has `value`, or is missing when nil; all other lines stay as they are.
    public func setting(_ key: String, to value: String?) -> EnvFile {
        var copy = self
        copy.others[key] = nil
        let index = copy.lines.lastIndex { $0.key == key }
        switch (index, value) {
        case (let index?, let value?): copy.lines[index] = Line("\(key)=\(value)")
        case (nil, let value?): copy.lines.append(Line("\(key)=\(value)"))
        // All of them: an earlier line must not come to light under the one taken out.
        case (_, nil): copy.lines.removeAll { $0.key == key }
        }
        return copy
    }

    /// A copy in which what the file does not say is what `others` say.
    public func with(_ others: [String: String]) -> EnvFile {
        var copy = self
        copy.others = others
        return copy
    }

    /// Keeps the file's owner and mode: the server that reads it may be another user than ourselves.
    public func save() throws(HostFault) {
        var status = stat()
        guard stat(path, &status) == 0 else { return try DurableFile.write(text, to: path) }
        try DurableFile.write(text, to: path, mode: status.st_mode & 0o777, owner: (status.st_uid, status.st_gid))
    }

    /// What a setting says: itself, or for `env:NAME` the variable's value here.
    public func resolve(_ setting: String) throws(StepFailure) -> String {
        guard setting.hasPrefix("env:") else { return setting }
        let key = String(setting.dropFirst(4))
        if let value = self[key] { return value }
        throw StepFailure("\(path) has no variable \(key), which the plan refers to", effect: .nothingChanged, next: "add \(key)=… to \(path) on the host")
    }

    public func require(_ key: String) throws(StepFailure) -> String { try resolve("env:\(key)") }

    /// One line as it stands there, and what it says; a comment says nothing.
    private struct Line: Sendable, Equatable {
        let text: String
        var key: String?
        var value = ""

        init(_ text: String) {
            self.text = text
            let trimmed = Self.isBare(text) ? text : text.trimmingCharacters(in: .whitespaces)
            guard !trimmed.hasPrefix("#"), let equals = trimmed.firstIndex(of: "=") else { return }
            key = String(trimmed[..<equals])
            value = String(trimmed[trimmed.index(after: equals)...])
            guard value.count >= 2, let quote = value.first, quote == value.last, quote == "\"" || quote == "'" else { return }
            value = String(value.dropFirst().dropLast())
        }

        /// No blank stands before or behind it.
        private static func isBare(_ text: String) -> Bool {
            guard let first = text.utf8.first, let last = text.utf8.last else { return true }
            return (33..<127).contains(first) && (33..<127).contains(last)
        }
    }
}
