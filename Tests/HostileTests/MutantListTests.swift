import Foundation
import Testing

/// The laws that `make mutants` breaks one by one. Whether each is caught takes builds of its own; that each can still be broken is seen here.
@Suite("mutants") struct MutantListTests {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    static let list = "\(root)/Tests/Mutants/List"

    @Test("each names a law and who is to catch it, and its text stands once in the sources")
    func list() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.list)
        #expect(names.count >= 35)
        for name in names.sorted() {
            let text = try String(contentsOfFile: "\(Self.list)/\(name)", encoding: .utf8)
            let parts = text.components(separatedBy: "\n---- found\n").flatMap { $0.components(separatedBy: "\n---- put\n") }
            #expect(parts.count == 3 && parts[2].hasSuffix("\n----\n"), "\(name) is not of the form")
            guard parts.count == 3 else { continue }
            let fields = Dictionary(parts[0].split(separator: "\n").map { $0.components(separatedBy: ": ") }.map { ($0[0], $0.dropFirst().joined(separator: ": ")) }) { $1 }
            for field in ["law", "file", "form", "caught by"] { #expect(fields[field]?.isEmpty == false, "\(name) has no \(field)") }
            let source = try String(contentsOfFile: "\(Self.root)/\(fields["file"] ?? "")", encoding: .utf8)
            #expect(source.components(separatedBy: parts[1]).count == 2, "\(name): its text stands \(source.components(separatedBy: parts[1]).count - 1) times in \(fields["file"] ?? "")")
            #expect(parts[1] + "\n----\n" != parts[2], "\(name) changes nothing")
        }
    }
}
