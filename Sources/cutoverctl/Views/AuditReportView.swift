import Cutover

/// An auditor's report on one tenant, as a page.
struct AuditReportView {
    let report: AuditReport

    /// A record that was tampered with, or something given up by a signature that does not fit.
    var status: CommandExit { report.flaws.isEmpty && report.unread == 0 && report.signatures.forged.allSatisfy { $0.stream != StreamID(report.tenant) } ? .done : .failed }

    var page: Page {
        Page(
            title: "Record of \(report.tenant)", subtitle: "from \(report.source.words), made at \(PlainText.moment(report.source.madeAt.description)) by \(report.source.by)",
            sections: [summary, gaps, plans, steps, evidence, words, clocks, mishaps].filter { !$0.blocks.isEmpty })
    }

    // MARK: - Non public

    private var summary: Page.Section {
        let (first, last) = (report.events.first, report.events.last)
        let verified = report.steps.filter { $0.position == .verified }.count
        let chain = report.flaws.isEmpty && report.unread == 0 ? "whole, from its first event to the last" : "NOT WHOLE, see below"
        var facts = [
            fact("tenant", report.tenant.text), fact("journal", report.journal.text),
            fact("events", "\(report.events.count), \(moment(first?.at)) to \(moment(last?.at))"),
            fact("last event", last.map { "revision \($0.revision), \($0.hash)" } ?? "-"), fact("chain", chain),
            fact("signatures", "\(report.words.filter { $0.facts["signature"] != nil && $0.counts }.count) fit, \(report.words.filter { !$0.counts }.count) do not"),
            fact("steps", "\(verified) of \(report.steps.count) stand verified"), fact("open questions", String(report.gaps.count)),
        ]
        if let given = report.standing.abandonment { facts.append(fact("abandoned", "by \(given.by) at \(PlainText.moment(given.at)): \(given.reason)")) }
        if let hold = report.standing.hold { facts.append(fact("held", "by \(hold.by): \(hold.reason)")) }
        if let why = report.standing.quarantine { facts.append(fact("quarantined", why)) }
        return Page.Section(title: "Summary", blocks: [.facts(facts)])
    }

    private var gaps: Page.Section {
        Page.Section(
            title: "Gaps and open questions",
            blocks: report.gaps.isEmpty ? [.words("Nothing is missing: the chain is whole, every step stands verified on evidence, and whoever had to agree did.")] : report.gaps.map { .alarm($0) })
    }

    private var plans: Page.Section {
        let adopted = report.plans.map { [moment($0.at), $0.by.text, "\($0.name) revision \($0.revision)", $0.wave, $0.digest] }
        var blocks: [Page.Block] = adopted.isEmpty ? [] : [.table(head: ["taken up", "by", "plan", "wave", "digest (SHA-256)"], rows: adopted)]
        if let plan = report.plans.last?.plan {
            var facts = [fact("author", plan.author.text), fact("who must agree to high risk", agreement(plan.approvals))]
            facts += plan.decisions.sorted { $0.key < $1.key }.map { fact($0.key, $0.value) }
            facts += plan.approvals.keys.map { fact("key of \($0.name)", $0.keys.map(\.fingerprint).joined(separator: ", ")) }
            blocks.append(.facts(facts))
        }
        return Page.Section(title: "Plan", blocks: blocks)
    }

    private func agreement(_ rule: Approvals) -> String {
        if rule.count == 0 { return "nobody" }
        var words = ["\(rule.count) of \(rule.from.isEmpty ? "anybody" : rule.from.map(\.text).joined(separator: ", "))"]
        if rule.notAuthor { words.append("never the author") }
        if rule.notExecutor { words.append("never whoever carries it out") }
        if !rule.stages.isEmpty { words.append("with the evidence of stages \(rule.stages.joined(separator: ", "))") }
        words.append(rule.keys.isEmpty ? "by a recorded word" : "by signature, for \(rule.validSeconds / 86_400) days")
        return words.joined(separator: "; ")
    }

    private var steps: Page.Section {
        let rows = report.steps.map { step in
            [
                step.place, step.risk == .high ? "high" : "", step.position.words, step.attempts > 0 ? String(step.attempts) : "", moment(step.began?.at), step.began?.by.text ?? "",
                moment(step.verified?.at), step.verified.map { String($0.revision) } ?? "",
            ]
        }
        return Page.Section(title: "Steps", blocks: rows.isEmpty ? [] : [.table(head: ["step", "risk", "stands", "attempts", "begun", "by", "verified", "event"], rows: rows)])
    }

    private var evidence: Page.Section {
        let rows = report.steps.filter { !$0.evidence.isEmpty }.map { [$0.place, Self.line($0.evidence)] }
        return Page.Section(title: "Evidence of the steps that stand", blocks: rows.isEmpty ? [] : [.table(head: ["step", "facts recorded when it was performed and verified"], rows: rows)])
    }

    private var words: Page.Section {
        let own: Set<String> = ["signature", "signedAttempt", "signedTenants", "signedEvidence", "key", "expires"]
        let rows = report.words.map { word in
            [
                String(word.revision), moment(word.at), word.by.text, "\(word.kind) \(word.topic)", word.reason,
                // The plan's own digest stands above.
                Self.line(word.facts.filter { !own.contains($0.key) && !($0.key == "plan" && $0.value == report.plans.last?.digest) }),
                word.facts["expires"].map(PlainText.moment) ?? "", word.facts["key"] ?? "", word.worth,
            ]
        }
        return Page.Section(
            title: "Signatures and words of people",
            blocks: rows.isEmpty ? [.words("Nobody agreed to, set aside or gave up anything.")] : [.table(head: ["event", "at", "by", "what", "reason", "agreed to", "until", "key", "worth"], rows: rows)])
    }

    private var clocks: Page.Section {
        // A wait that counts no time has a beginning and no stretches.
        let blocks = report.clocks.filter { !$0.stretches.isEmpty }.flatMap { clock -> [Page.Block] in
            let verified = clock.verified.map { ", verified with \($0) s" } ?? ", not yet verified"
            return [
                .words("\(clock.step.place): \(clock.coveredMilliseconds / 1000) s counted since \(PlainText.moment(clock.at.description))\(verified)\(ClockView.skew(clock))"),
                .list(ClockView.lines(clock)),
            ]
        }
        return Page.Section(title: "Windows and soaks", blocks: blocks)
    }

    private var mishaps: Page.Section {
        let told: Set<String> = ["failed", "becameUnknown", "quarantined", "recovered", "abandoned", "waived", "waiverEnded", "held", "released", "reopened", "revertRequested", "reverted", "errandFailed"]
        let rows = report.events.filter { told.contains($0.change.kind) }.map { event in
            [String(event.revision), moment(event.at), event.by.text, event.change.kind, event.change.ref?.place ?? "", Self.line(event.change.facts.filter { !$0.key.hasPrefix("about.") })]
        }
        return Page.Section(title: "What failed, was stopped, set aside or taken back", blocks: rows.isEmpty ? [.words("Nothing.")] : [.table(head: ["event", "at", "by", "what", "step", "detail"], rows: rows)])
    }

    private func fact(_ name: String, _ value: String) -> Page.Fact { Page.Fact(name: name, value: value) }
    private func moment(_ at: Timestamp?) -> String { at.map { PlainText.moment($0.description) } ?? "" }
    private static func line(_ facts: [String: String]) -> String { facts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ") }
}

extension AuditReportView {
    func json() throws -> String { try JSONText.document(Document(report)) }

    private struct Document: Encodable {
        struct Line: Encodable {
            let step: String
            let risk: String
            let stands: String
            let attempts: Int
            let began: String?
            let by: OperatorID?
            let verified: String?
            let evidence: [String: String]
        }
        struct Taken: Encodable {
            let name: String
            let revision: Int
            let digest: String
            let at: String
            let by: OperatorID
            let kept: Bool
        }
        struct Spoken: Encodable {
            let revision: Int
            let at: String
            let by: OperatorID
            let kind: String
            let topic: String
            let reason: String
            let facts: [String: String]
            let worth: String
            let counts: Bool
        }
        let formatVersion = 1
        let tenant: TenantID
        let journal: JournalID
        let events: Int
        let head: String?
        let flaws: [JournalAudit.Flaw]
        let gaps: [String]
        let plans: [Taken]
        let steps: [Line]
        let words: [Spoken]
        let clocks: [ClockView.Document]

        init(_ report: AuditReport) {
            tenant = report.tenant
            journal = report.journal
            events = report.events.count
            head = report.events.last?.hash
            flaws = report.flaws
            gaps = report.gaps
            plans = report.plans.map { Taken(name: $0.name, revision: $0.revision, digest: $0.digest, at: $0.at.description, by: $0.by, kept: $0.plan != nil) }
            steps = report.steps.map {
                Line(
                    step: $0.place, risk: $0.risk.rawValue, stands: $0.position.words, attempts: $0.attempts, began: $0.began?.at.description, by: $0.began?.by,
                    verified: $0.verified?.at.description, evidence: $0.evidence)
            }
            words = report.words.map {
                Spoken(revision: $0.revision, at: $0.at.description, by: $0.by, kind: $0.kind, topic: $0.topic, reason: $0.reason, facts: $0.facts, worth: $0.worth, counts: $0.counts)
            }
            clocks = report.clocks.map { ClockView.Document($0) }
        }
    }
}
