/// Rows after RFC 4180, one line each: line ends within a cell are spaces, since a text that holds any is cut by tools that read line by line.
enum CSVText {
    static func row(_ cells: [String]) -> String { cells.map(cell).joined(separator: ",") }

    /// What a spreadsheet would carry out as a formula begins with an apostrophe: names and reasons are anybody's words.
    private static func cell(_ text: String) -> String {
        var plain = PlainText.line(text)
        if let first = plain.first, "=+-@".contains(first) { plain = "'" + plain }
        guard plain.contains(where: { ",\"".contains($0) }) else { return plain }
        return "\"" + plain.replacing("\"", with: "\"\"") + "\""
    }
}
