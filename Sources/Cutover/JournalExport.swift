/// A journal as JSON lines, so that it can be kept elsewhere and checked without the program that wrote it:
/// a header that names the journal, one event a line in the order of appending, and a footer with the heads and the count.
/// The footer comes last, so that an export that was cut short shows.
public enum JournalExport {
    /// What is wrong with an export, and in which line, counted from 1.
    public struct Flaw: Error, Sendable, Equatable, CustomStringConvertible {
        public let line: Int
        public let what: String
        public init(line: Int, what: String) {
            self.line = line
            self.what = what
        }
        public var description: String { "line \(line): \(what)" }
    }

    private struct Header: Codable {
        let cutoverJournal: Int
        let journal: JournalID
    }

    private struct Footer: Codable {
        let heads: [JournalRecords.Head]
        let events: Int
    }

    /// Hands out the lines one by one, without line ends. Rethrows what `write` throws.
    public static func write(_ opened: JournalRecords, _ write: (String) throws -> Void) throws {
        try write(try CanonicalJSON.text(Header(cutoverJournal: 1, journal: opened.journal)))
        for record in opened.records { try write(try CanonicalJSON.text(record)) }
        try write(try CanonicalJSON.text(Footer(heads: opened.heads, events: opened.counted ?? opened.records.count)))
    }

    /// The whole export; each line ends with a newline.
    public static func text(_ opened: JournalRecords) throws -> String {
        var text = ""
        try write(opened) { text += $0 + "\n" }
        return text
    }

    /// Reads an export back, for `JournalAudit` to judge. Judges only its form: throws where a line can't be read, and when the footer is missing.
    public static func read(_ text: String) throws(Flaw) -> JournalRecords {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let end = lines.last == "" ? lines.count - 1 : lines.count
        guard end > 0, let header = try? CanonicalJSON.value(Header.self, from: lines[0]) else {
            throw Flaw(line: 1, what: "not the header of a journal's export")
        }
        guard header.cutoverJournal == 1 else {
            throw Flaw(line: 1, what: "format \(header.cutoverJournal), and this build knows format 1: use the build that wrote it")
        }
        var records: [EventRecord] = []
        for index in 1..<max(end, 1) {
            if let record = try? CanonicalJSON.value(EventRecord.self, from: lines[index]) {
                records.append(record)
                continue
            }
            guard let footer = try? CanonicalJSON.value(Footer.self, from: lines[index]) else {
                let what = index == end - 1 ? "cut short: neither an event nor the footer" : "not an event"
                throw Flaw(line: index + 1, what: what)
            }
            guard index == end - 1 else { throw Flaw(line: index + 2, what: "something follows the footer") }
            return JournalRecords(journal: header.journal, records: records, heads: footer.heads, counted: footer.events)
        }
        throw Flaw(line: end + 1, what: "cut short: the footer is missing")
    }
}
