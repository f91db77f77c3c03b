import ArgumentParser
import Foundation
import LabKit

struct Referee: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare what agents remember having written with what a store holds; exit status 1 unless they agree.")

    @OptionGroup var lab: LabRoot

    @Argument(help: "The tenants; none means all of them.")
    var tenants: [String] = []

    @Option(help: "The store to judge: v1 or v2.", transform: Self.store)
    var store: Store

    @Option(help: "A file of ids, one a line, that v2 need not hold.")
    var excepted: String?

    @Option(help: "How many seconds the stores get to come into step.")
    var patience = 30.0

    @Flag(help: "Do not let the agents go on afterwards.")
    var leavePaused = false

    @Flag(help: "One JSON document.")
    var json = false

    func run() throws {
        var hearing = try RefereeHearing(root: lab.root, tenants: tenants, store: store)
        hearing.leavesPaused = leavePaused
        hearing.patienceSeconds = patience
        if let excepted {
            let lines = try String(contentsOfFile: excepted, encoding: .utf8).split(whereSeparator: \.isWhitespace)
            hearing.excepted = Set(lines.map { $0.lowercased() })
        }
        let verdicts = try hearing.hear()
        let isOK = verdicts.allSatisfy(\.isOK)
        if json {
            try printJSON(Document(ok: isOK, tenants: verdicts))
        } else {
            verdicts.forEach(printLines)
        }
        if !isOK { throw ExitCode(1) }
    }

    private static func store(_ name: String) throws -> Store {
        guard let store = Store(rawValue: name) else { throw ValidationError("the store is v1 or v2") }
        return store
    }

    private struct Document: Encodable {
        var formatVersion = 1
        let ok: Bool
        let tenants: [TenantVerdict]
    }

    private func printLines(_ verdict: TenantVerdict) {
        print(
            """
            \(verdict.tenant) \(verdict.store): \(verdict.isOK ? "agrees" : "DISAGREES"), \(verdict.accounted) accounted, \
            \(verdict.excepted) excepted, \(verdict.lost.count) lost, \(verdict.invented.count) invented, \
            \(verdict.wronglyExcepted.count) wrongly excepted, \(verdict.probesLeft.count) probes left, \(verdict.maybe) maybe
            """)
        if let error = verdict.error { print("  error: \(error)") }
        for (word, offences) in [
            ("lost", verdict.lost), ("invented", verdict.invented), ("wrongly excepted", verdict.wronglyExcepted),
        ] {
            for offence in offences { print("  \(word): \(offence.id ?? offence.memory ?? "?"): \(offence.reason)") }
        }
        for probe in verdict.probesLeft { print("  probe left: \(probe)") }
    }
}
