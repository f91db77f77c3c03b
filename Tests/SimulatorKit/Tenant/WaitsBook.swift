import Cutover
import DataPath
import Host

/// What is sampled, compared and listed.
extension TenantBook {
    mutating func addWaits() {
        act("sampling.begin") { deed in
            struct Asked: Decodable {
                struct Profile: Decodable {
                    let kind: String
                    let everySeconds: Int
                    let marker: String
                    let signed: [String: String]?
                }
                let profile: Profile
            }
            let asked = try deed.asked(Asked.self).profile
            if deed.tenant.now({ $0.host.sampling?.profile }) != deed.payload {
                try await deed.hand.sight.evidence.append("samplingBegan", ["marker": asked.marker, "profile": asked.kind, "table": "memories"])
                try deed.host("begins to sample") { model in
                    model.host.sampling = .init(
                        profile: deed.payload, marker: asked.marker, kind: asked.kind, everySeconds: asked.everySeconds, signed: asked.signed ?? [:], next: model.today)
                }
            }
            return try deed.ensureWatch()
        }
        read("sampling.read") { model, question in
            struct Asked: Decodable {
                let marker: String
                let longestGapSeconds: Int
            }
            let asked = try question.asked(Asked.self)
            let entries = try question.sight.evidence.entries().filter { $0.kind == "sample" && $0.facts["marker"] == asked.marker }
            let clock = EvidenceClock(entries.map { Self.sample($0) }, longestGapSeconds: Double(asked.longestGapSeconds))
            return [
                "coveredSeconds": .number(Int(clock.coveredSeconds)), "samples": .number(clock.samples), "gaps": .number(clock.gaps), "resets": .number(clock.resets),
                "pauses": .number(clock.pauses), "lastTrouble": .optional(clock.lastTrouble), "watchRuns": .flag(model.host.watchRuns),
                "profileSet": .flag(model.host.sampling?.marker == asked.marker), "signed": .facts(model.host.sampling?.signed ?? [:]),
                "digest": .text(Digest.sha256(entries.map(\.hash).joined())), "stretches": .json(try CanonicalJSON.text(clock.stretches)),
                "now": .text(question.tenant.clocks.wall.description),
            ]
        }
        ask("exceptions.list") { database, _, _ in
            let open = database.own?.exceptions.sorted { $0.key < $1.key } ?? []
            let counts = Dictionary(grouping: open, by: \.value.reason).mapValues { Said.number($0.count) }
            let listed = open.map { id, exception in
                Said.fields([
                    "id": .text(String(id)), "side": .number(exception.side), "reason": .text(exception.reason), "detail": "", "carried": false, "at": "2026-01-01T00:00:00Z",
                ])
            }
            return ["exceptions": .list(listed), "counts": .fields(counts), "conflicts": .number(database.own?.conflicts.count { $0.isOpen } ?? 0)]
        }
        ask("stores.compare") { database, model, question in
            struct Asked: Decodable { let base: Difference.Base }
            let base = try question.asked(Asked.self).base
            guard database.own != nil else { throw Refused("change capture is not installed") }
            if base == .v1, database.old == nil { throw Refused("the relation agent_memories does not exist") }
            return .json(try CanonicalJSON.text(database.report(against: base)))
        }
        ask("stores.changes") { _, _, _ in ["roles": [], "red": []] }
    }

    private static func sample(_ entry: EvidenceLedger.Entry) -> EvidenceClock.Sample {
        EvidenceClock.Sample(
            at: entry.at, uptime: entry.uptime, boot: entry.boot, database: entry.facts["databaseClock"].flatMap { Int64($0) }.map { Timestamp(milliseconds: $0) },
            verdict: EvidenceClock.Verdict(rawValue: entry.facts["verdict"] ?? "") ?? .availability, detail: entry.facts["detail"] ?? "", hash: entry.hash)
    }
}

extension Database {
    func report(against base: Difference.Base) -> ParityReport {
        var report = ParityReport()
        let found = differences(against: base)
        report.rowsV1 = base == .v1 ? old?.rows.count ?? 0 : own?.frozen.count ?? 0
        report.rowsV2 = new?.count ?? 0
        report.equal = report.rowsV1 - found.count
        for difference in found {
            switch difference.what {
            case .missing: report.missingCount += 1
            case .extra: report.extraCount += 1
            case .resurrected: report.resurrectedCount += 1
            case .different: report.differentCount += 1
            case .excepted: report.exceptedIDs += 1
            case .conflict: report.conflicts += 1
            case .inFlight: report.inFlightCount += 1
            case .forgottenSince: report.forgottenSince += 1
            case .editedSince: report.editedSince += 1
            }
        }
        report.complete = true
        return report
    }
}
