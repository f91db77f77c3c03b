import Cutover

/// What a reader of a tenant's record would have to ask about: what is missing in it, and what was not as it should be.
struct AuditGaps {
    let events: [Event]
    let unread: Int
    let flaws: [JournalAudit.Flaw]
    let plans: [AuditReport.Adopted]
    let steps: [AuditReport.Step]
    let words: [AuditReport.Word]
    let clocks: [ClockHistory.Clock]
    let genesis: String
    let tenant: TenantID

    var all: [String] { record + plan + begunUnsigned + coverage + unfinished }

    /// What of the record itself can't be relied on.
    private var record: [String] {
        var gaps = flaws.map { "\($0.stream) revision \($0.revision): \($0.what)" }
        if unread > 0 { gaps.append("\(unread) rows are no events that this build can read") }
        for (before, after) in zip(events, events.dropFirst()) where after.at < before.at {
            gaps.append("between revisions \(before.revision) and \(after.revision) the clock of whoever recorded went back by \(Int(before.at.seconds(since: after.at).rounded(.up))) s")
        }
        return gaps + words.filter { !$0.counts }.map { "revision \($0.revision): what \($0.by) said of \($0.topic) \($0.worth)" }
    }

    private var plan: [String] {
        if plans.isEmpty { return ["no plan was taken up"] }
        return plans.filter { $0.plan == nil }.map { "what \($0.name) revision \($0.revision) (\($0.digest.prefix(12))) said is not kept in the journal" }
    }

    /// Steps of high risk that began with fewer people's word than the plan of that moment wants.
    private var begunUnsigned: [String] {
        var gaps: [String] = []
        var standing = Standing(tenant, genesis: genesis)
        let uncounted = Set(words.filter { !$0.counts }.map { "\($0.at) \($0.by)" })
        for event in events {
            if case .started(let ref, let attempt) = event.change, let plan = plans.last(where: { $0.at <= event.at })?.plan,
                let step = plan.steps.first(where: { $0.place == ref.place }), step.spec.risk == .high, plan.approvals.count > 0
            {
                let rule = plan.approvals
                let given = standing.consents.filter { consent in
                    consent.topic == ref.place && !uncounted.contains("\(consent.at) \(consent.by)") && (rule.from.isEmpty || rule.from.contains(consent.by))
                        && !(rule.notAuthor && consent.by == plan.author) && !(rule.notExecutor && consent.by == event.by)
                }
                let people = Set(given.map(\.by)).count
                if people < rule.count {
                    let glass = words.last { $0.kind == "waived" && $0.facts[Waiver.glassKey] == "true" && $0.topic.hasPrefix("\(ref.place): ") && $0.at <= event.at }
                    let why = glass.map { "; \($0.by) broke the glass at \(PlainText.moment($0.at.description)): \($0.reason)" } ?? ""
                    gaps.append("\(ref.place), attempt \(attempt), began with the word of \(people) of \(rule.count) people (revision \(event.revision))\(why)")
                }
            }
            standing.apply(event)
        }
        return gaps
    }

    /// Time that no sample covers, and sums that do not come to what was verified.
    private var coverage: [String] {
        clocks.flatMap { clock -> [String] in
            var gaps = clock.stretches.filter { $0.kind == .gap }.map { "\(clock.step.place): nothing is known from \($0.from) to \($0.until) (\($0.detail)); it was not counted" }
            if let verified = clock.verified, Int64(verified) * 1000 > clock.coveredMilliseconds + 1000 {
                gaps.append("\(clock.step.place): verified with \(verified) s, and its stretches come to \(clock.coveredMilliseconds / 1000) s")
            }
            return gaps
        }
    }

    private var unfinished: [String] {
        let open = steps.filter { $0.position != .verified }
        let bare = steps.filter { $0.position == .verified && $0.evidence.isEmpty && $0.verified != nil }
        return (open.isEmpty ? [] : ["not verified: \(open.map { "\($0.place) (\($0.position.words))" }.joined(separator: ", "))"])
            + bare.map { "\($0.place) was verified without any evidence on record" }
    }
}
