import ArgumentParser
import Cutover
import Foundation

struct JournalReport: Command {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "An auditor's report on one tenant: plan, signatures, evidence, clocks, and what is missing.",
        discussion: """
            Everything in it is read and recomputed from the journal, or from an export of it, and from nothing else. -o html is one page without scripts that
            prints on A4: cutoverctl journal report acme -o html > acme.html

            Exits with 1 when the record is not what was written, or something was given up by a signature that does not fit. Other gaps are told and end with 0.
            """)

    enum Form: String, ExpressibleByArgument, CaseIterable, Sendable { case text, html, json }

    @Argument(help: "The tenant.")
    var tenant: String
    @Option(help: "Read this export instead of the journal itself.")
    var from: String?
    @Option(name: .shortAndLong, help: "text, html or json.")
    var output: Form = .text
    @OptionGroup var inputs: InputOptions

    func carryOut(_ console: Console) async throws -> CommandExit {
        let (opened, words) = try await records(console)
        guard opened.records.contains(where: { $0.stream == StreamID(tenant) }), tenant != StreamID.fleet.text else {
            throw TenantChoice.unknown(tenant, among: opened.heads.map(\.stream).filter { $0 != .fleet }.map(\.text))
        }
        let person = inputs.person ?? NSUserName()
        let report = AuditReport(tenant: TenantID(tenant), opened, source: .init(words: words, madeAt: Wiring.time.now, by: person.isEmpty ? "-" : person))
        let view = AuditReportView(report: report)
        switch output {
        case .text: console.show(view.page.text(console.paint))
        case .html: console.show(view.page.html())
        case .json: console.show(try view.json())
        }
        return view.status
    }

    private func records(_ console: Console) async throws -> (JournalRecords, String) {
        if let from {
            let opened = try ExportFile.read(from)
            let digest = Digest.sha256(Array(FileManager.default.contents(atPath: from) ?? Data()))
            return (opened, "the export \(URL(filePath: from).lastPathComponent), SHA-256 \(digest)")
        }
        let wiring = try Wiring(inputs, console)
        return (try await wiring.journal(ifMissing: .refuse).records(), "the journal \(wiring.inputs.journalWithoutSecrets)")
    }
}

extension Inputs {
    /// An address of a database can hold a password.
    var journalWithoutSecrets: String {
        guard let scheme = journal.range(of: "://"), let at = journal.lastIndex(of: "@"), at > scheme.upperBound else { return journal }
        return journal[..<scheme.upperBound] + "…" + journal[at...]
    }
}
