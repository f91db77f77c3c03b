import Foundation

/// AWS's two files of profiles, as its own tools read them.
struct AWSProfiles: Sendable {
    /// Of the file of keys.
    let credentials: [String: [String: String]]
    let config: [String: [String: String]]
    /// The one in use.
    let name: String
    /// Somebody asked for it by name.
    let isNamed: Bool

    init(environment: [String: String]) throws(AWSCredentialFailure) {
        func said(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let home = said("HOME") ?? "/nonexistent"
        credentials = Self.sections(try Self.text(said("AWS_SHARED_CREDENTIALS_FILE") ?? "\(home)/.aws/credentials", home))
        var config: [String: [String: String]] = [:]
        for (section, values) in Self.sections(try Self.text(said("AWS_CONFIG_FILE") ?? "\(home)/.aws/config", home)) {
            if section == "default" { config[section, default: [:]].merge(values) { _, new in new } }
            let words = ShellWords.split(section)
            if words?.first == "profile", words?.count == 2, let name = words?.last { config[name, default: [:]].merge(values) { _, new in new } }
        }
        self.config = config
        let named = said("AWS_DEFAULT_PROFILE") ?? said("AWS_PROFILE")
        (name, isNamed) = (named ?? "default", named != nil)
    }

    /// What both files say of a profile; the file of keys outweighs the other. Nil if neither has it.
    subscript(name: String) -> [String: String]? {
        guard credentials[name] != nil || config[name] != nil else { return nil }
        return (config[name] ?? [:]).merging(credentials[name] ?? [:]) { _, keys in keys }
    }

    // MARK: - Non public

    private static func text(_ path: String, _ home: String) throws(AWSCredentialFailure) -> String {
        let path = path.hasPrefix("~/") ? home + path.dropFirst() : path
        guard FileManager.default.fileExists(atPath: path) else { return "" }
        do { return try String(contentsOfFile: path, encoding: .utf8) } catch { throw AWSCredentialFailure("\(path) cannot be read") }
    }

    /// Indented lines belong to the value above them, of which we need none.
    private static func sections(_ text: String) -> [String: [String: String]] {
        var found: [String: [String: String]] = [:]
        var section: String?
        for line in text.split(whereSeparator: \.isNewline) {
            guard let first = line.first, !first.isWhitespace, first != "#", first != ";" else { continue }
            if first == "[" {
                section = line.firstIndex(of: "]").map { String(line[line.index(after: line.startIndex)..<$0]).trimmingCharacters(in: .whitespaces) }
                if let section { found[section, default: [:]].merge([:]) { old, _ in old } }
            } else if let section, let sign = line.firstIndex(where: { $0 == "=" || $0 == ":" }) {
                let key = line[..<sign].trimmingCharacters(in: .whitespaces).lowercased()
                found[section, default: [:]][key] = line[line.index(after: sign)...].trimmingCharacters(in: .whitespaces)
            }
        }
        return found
    }
}

/// Words as a shell splits them, with its quotes and nothing else of it.
enum ShellWords {
    /// Nil where a quote is left open.
    static func split(_ text: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var isEscaped = false
        for character in text {
            if isEscaped {
                if quote == "\"", character != "\"", character != "\\" { word = (word ?? "") + "\\" }
                word = (word ?? "") + String(character)
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            } else if character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if character.isWhitespace {
                if let whole = word { words.append(whole) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        guard quote == nil, !isEscaped else { return nil }
        if let word { words.append(word) }
        return words
    }
}
