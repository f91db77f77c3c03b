/// Words in capitals that stand for what the reader types: a tenant's name, a reason, a file.
public enum Placeholders {
    /// Names of variables and words that are meant as they stand.
    public static let literal: Set<String> = ["INT", "PATH", "TERM", "JSON", "YAML", "CSV", "PWD"]

    /// Those in the text: words of at least three capitals, perhaps with a number behind them. Variables with an underscore are none.
    public static func names(in text: String) -> [String] {
        var names: [String] = []
        for match in text.matches(of: /(?:^|[^A-Za-z0-9_$-])([A-Z]{3,}[0-9]?)(?![A-Za-z0-9_])/) {
            let name = String(match.1)
            if !literal.contains(name), !names.contains(name) { names.append(name) }
        }
        return names
    }

    /// Every way to fill the text in: where a name has several values, one after the other. A name that nobody knows stays.
    public static func filled(_ text: String, _ values: [String: [String]]) -> [String] {
        var texts = [text]
        for name in names(in: text) {
            guard let values = values[name], !values.isEmpty else { continue }
            texts = texts.flatMap { text in values.map { replaced(name, in: text, by: $0) } }
        }
        return texts
    }

    private static func replaced(_ name: String, in text: String, by value: String) -> String {
        var result = ""
        var word = ""
        func flushed(_ word: String) -> String { word == name ? value : word }
        for sign in text {
            if sign.isLetter || sign.isNumber || sign == "_" {
                word.append(sign)
            } else {
                result += flushed(word)
                word = ""
                result.append(sign)
            }
        }
        return result + flushed(word)
    }
}
