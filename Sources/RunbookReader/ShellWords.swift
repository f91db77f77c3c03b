/// As much of the shell's grammar as runbooks use: words, quotes, comments, and what separates one program's words from another's.
public enum ShellWords {
    /// The line without its comment, and the comment.
    public static func comment(of line: String) -> (command: String, comment: String) {
        var quote: Character?
        var before: Character = " "
        for index in line.indices {
            let sign = line[index]
            if let open = quote {
                if sign == open { quote = nil }
            } else if sign == "'" || sign == "\"" {
                quote = sign
            } else if sign == "#", before == " " {
                return (trimmed(line[..<index]), trimmed(line[line.index(after: index)...]))
            }
            before = sign
        }
        return (trimmed(line[...]), "")
    }

    /// The programs that a line runs, each by its words: without redirections, and without variables set for them alone.
    public static func programs(in line: String) -> [[String]] {
        var programs: [[String]] = []
        var words: [String] = []
        var isRedirected = false
        for word in split(comment(of: line).command) {
            switch word {
            case .separator:
                programs.append(words)
                words = []
                isRedirected = false
            case .redirection: isRedirected = true
            case .word(let text):
                if isRedirected { isRedirected = false } else if !(words.isEmpty && isAssignment(text)) { words.append(text) }
            }
        }
        return (programs + [words]).filter { !$0.isEmpty }
    }

    // MARK: - Non public

    private enum Part { case word(String), separator, redirection }

    private static func split(_ line: String) -> [Part] {
        var parts: [Part] = []
        var (word, isWord, quote): (String, Bool, Character?) = ("", false, nil)
        func end() -> [Part] { isWord ? [.word(word)] : [] }
        for sign in line {
            if let open = quote {
                if sign == open { quote = nil } else { word.append(sign) }
            } else if sign == "'" || sign == "\"" {
                (quote, isWord) = (sign, true)
            } else if " |;&<>".contains(sign) {
                // The number of a stream that is redirected is no word.
                if !("<>".contains(sign) && word.allSatisfy(\.isNumber)) { parts += end() }
                (word, isWord) = ("", false)
                if "|;&".contains(sign) { parts.append(.separator) }
                if "<>".contains(sign) { parts.append(.redirection) }
            } else {
                word.append(sign)
                isWord = true
            }
        }
        return parts + end()
    }

    private static func isAssignment(_ word: String) -> Bool {
        guard let equals = word.firstIndex(of: "="), equals > word.startIndex else { return false }
        return word[..<equals].allSatisfy { $0.isUppercase || $0 == "_" }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
