import Cutover

/// Aligned columns. Text that came from elsewhere is shown without the control characters that could redraw a terminal.
struct Table {
    private let head: [String]
    private var rows: [[(shown: String, painted: String)]] = []

    init(_ head: [String]) { self.head = head }

    /// - Parameter paint: what to do with the cell of that column, once its width is known.
    mutating func add(_ cells: [String], paint: [Int: (String) -> String] = [:]) {
        rows.append(cells.enumerated().map { index, cell in
            let shown = PlainText.line(cell)
            return (shown, paint[index]?(shown) ?? shown)
        })
    }

    var text: String {
        var widths = head.map(\.count)
        for row in rows {
            for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.shown.count) }
        }
        let lines = [head.map { ($0, $0) }] + rows
        return lines.map { cells in
            var line = ""
            for (column, cell) in cells.enumerated() {
                line += cell.1
                if column < cells.count - 1 { line += String(repeating: " ", count: widths[column] - cell.0.count + 2) }
            }
            return String(line.reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }
}

enum PlainText {
    /// One line without control characters.
    static func line(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\n" || $0 == "\t" || HostWords.isUnprintable($0) ? " " : $0 }))
    }

    /// To the second, which is enough for people.
    static func moment(_ timestamp: String) -> String {
        guard let dot = timestamp.lastIndex(of: "."), timestamp.hasSuffix("Z") else { return timestamp }
        return timestamp[..<dot] + "Z"
    }
}
