/// A page of sections, written once for terminals and for printers.
struct Page: Sendable, Equatable {
    enum Block: Sendable, Equatable {
        case words(String)
        /// What a reader must not miss.
        case alarm(String)
        case facts([Fact])
        case list([String])
        case table(head: [String], rows: [[String]])
    }

    struct Fact: Sendable, Equatable {
        let name: String
        let value: String
    }

    struct Section: Sendable, Equatable {
        let title: String
        let blocks: [Block]
    }

    let title: String
    let subtitle: String
    let sections: [Section]

    /// For terminals, and for whoever reads it as text.
    func text(_ paint: Paint) -> String {
        let head = "\(title)\n\(String(repeating: "=", count: title.count))\n\(subtitle)"
        return ([head] + sections.map { section in
            let blocks = section.blocks.map { Self.text($0, paint) }.joined(separator: "\n\n")
            return "\(section.title)\n\(String(repeating: "-", count: section.title.count))\n\(blocks)"
        }).joined(separator: "\n\n")
    }

    private static func text(_ block: Block, _ paint: Paint) -> String {
        switch block {
        case .words(let words): return PlainText.line(words)
        case .alarm(let words): return paint.red("! \(PlainText.line(words))")
        case .facts(let facts):
            let width = facts.map(\.name.count).max() ?? 0
            return facts.map { "\($0.name):\(String(repeating: " ", count: width - $0.name.count + 1))\(PlainText.line($0.value))" }.joined(separator: "\n")
        case .list(let lines): return lines.map { "- \(PlainText.line($0))" }.joined(separator: "\n")
        case .table(let head, let rows):
            let (head, rows) = filled(head, rows)
            var table = Table(head.map { $0.uppercased() })
            for row in rows { table.add(row) }
            return table.text
        }
    }

    /// Without the columns in which nothing stands.
    private static func filled(_ head: [String], _ rows: [[String]]) -> ([String], [[String]]) {
        let used = head.indices.filter { column in rows.contains { !$0[column].isEmpty } }
        return (used.map { head[$0] }, rows.map { row in used.map { row[$0] } })
    }

    // MARK: - HTML

    /// One file with nothing to fetch and nothing to run, that prints on A4.
    func html() -> String {
        let body = sections.map { section in "<section>\n<h2>\(Self.escaped(section.title))</h2>\n\(section.blocks.map(Self.html).joined(separator: "\n"))\n</section>" }
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(Self.escaped(title))</title>
            <style>
            \(Self.style)
            </style>
            </head>
            <body>
            <header><h1>\(Self.escaped(title))</h1><p>\(Self.escaped(subtitle))</p></header>
            \(body.joined(separator: "\n"))
            </body>
            </html>
            """
    }

    private static func html(_ block: Block) -> String {
        switch block {
        case .words(let words): "<p>\(escaped(words))</p>"
        case .alarm(let words): "<p class=\"alarm\">\(escaped(words))</p>"
        case .facts(let facts): "<dl>\(facts.map { "<dt>\(escaped($0.name))</dt><dd>\(escaped($0.value))</dd>" }.joined())</dl>"
        case .list(let lines): "<ul>\(lines.map { "<li>\(escaped($0))</li>" }.joined())</ul>"
        case .table(let head, let rows): table(filled(head, rows))
        }
    }

    private static func table(_ content: (head: [String], rows: [[String]])) -> String {
        "<table><thead><tr>\(content.head.map { "<th scope=\"col\">\(escaped($0))</th>" }.joined())</tr></thead><tbody>"
            + content.rows.map { "<tr>\($0.map(cell).joined())</tr>" }.joined(separator: "\n") + "</tbody></table>"
    }

    /// Names and moments stay on one line; digests may break anywhere, or they would push the others off the page.
    private static func cell(_ text: String) -> String {
        let longest = text.split(separator: " ").map(\.count).max() ?? 0
        let kind = longest > 24 ? " class=\"long\"" : text.count <= 24 && !text.contains(" ") && !text.isEmpty ? " class=\"brief\"" : ""
        return "<td\(kind)>\(escaped(text))</td>"
    }

    /// Whatever people, plans and hosts wrote is shown, never markup.
    private static func escaped(_ text: String) -> String {
        PlainText.line(text).replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;").replacing("'", with: "&#39;")
    }

    private static let style = """
        :root { color-scheme: light; }
        body { font: 10.5pt/1.4 "Noto Sans", "DejaVu Sans", "Helvetica Neue", Arial, sans-serif; color: #111; background: #fff; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
        header { border-bottom: 2px solid #111; margin-bottom: 1rem; }
        h1 { font-size: 17pt; margin: 0 0 .2rem; }
        header p { margin: 0 0 .5rem; color: #444; }
        h2 { font-size: 12.5pt; margin: 1.4rem 0 .4rem; border-bottom: 1px solid #999; break-after: avoid; }
        p, ul { margin: .4rem 0; }
        ul { padding-left: 1.2rem; }
        .alarm { border-left: 4px solid #b00020; padding: .2rem .6rem; font-weight: 600; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .4rem 0; }
        dt { color: #444; }
        dd { margin: 0; overflow-wrap: anywhere; }
        table { border-collapse: collapse; width: 100%; font-size: 9pt; }
        thead { display: table-header-group; }
        th { text-align: left; border-bottom: 1px solid #111; padding: .2rem .4rem .2rem 0; white-space: nowrap; }
        td { vertical-align: top; border-bottom: 1px solid #ccc; padding: .2rem .5rem .2rem 0; }
        td.brief { white-space: nowrap; }
        td.long { overflow-wrap: anywhere; }
        tr, li, dd { break-inside: avoid; }
        @page { size: A4; margin: 16mm 14mm 18mm; @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; } }
        @media print { body { margin: 0; max-width: none; padding: 0; font-size: 9.5pt; } table { font-size: 8pt; } }
        """
}
