import Foundation

/// What cases ask the programs about.
extension Stage {
    func status(changing changes: [String: String?] = [:]) async throws -> StatusAnswer { try await ctl("status", "--json", code: 0, changing: changes).answer() }

    func status(of tenant: String, changing changes: [String: String?] = [:]) async throws -> StatusAnswer.Tenant {
        guard let found = try await status(changing: changes).tenants.first(where: { $0.tenant == tenant }) else { throw Trouble("status does not tell of \(tenant)") }
        return found
    }

    func why(_ tenant: String = "acme", changing changes: [String: String?] = [:]) async throws -> WhyAnswer {
        try await ctl("why", tenant, "--json", code: 0, changing: changes).answer()
    }

    func history(_ tenant: String = "acme", changing changes: [String: String?] = [:]) async throws -> [HistoryAnswer.Event] {
        try await ctl("history", tenant, "--json", code: 0, changing: changes).answer(HistoryAnswer.self).events
    }

    func exceptions(_ tenant: String = "acme") async throws -> ExceptionsAnswer { try await ctl("exceptions", tenant, "--json", code: 0).answer() }

    func labStatus() async throws -> LabAnswer { try await lab("status", "--root", root, "--json").answer() }

    /// The steps that stand verified, in the order of their verification.
    func verified(_ tenant: String = "acme", changing changes: [String: String?] = [:]) async throws -> [String] {
        var standing: [String] = []
        for event in try await history(tenant, changing: changes) {
            switch (event.kind, event.facts["finding"]) {
            case ("verified", "inPlace"): standing.append(event.place)
            case ("reverted", _), ("verified", "absent"): standing.removeAll { $0 == event.place }
            default: break
            }
        }
        return standing
    }

    /// Insists that the referee agrees about the tenants in that store.
    func referee(_ store: String, _ tenants: String..., excepting: Bool = true) async throws { try await referee(store, of: tenants, excepting: excepting) }

    /// - Parameter changes: of the variables under which exceptions are asked for.
    func referee(_ store: String, of tenants: [String], excepting: Bool = true, changing changes: [String: String?] = [:]) async throws {
        var words = ["referee", "--root", root, "--store", store, "--json"]
        if store == "v2", excepting {
            var ids: [String] = []
            for tenant in tenants { ids.append(try await ctl("exceptions", tenant, "--ids", code: 0, changing: changes).out) }
            words += ["--excepted", try file("excepted-\(UUID().uuidString)", ids.joined(separator: "\n"))]
        }
        let ended = try await start("cutover-lab", words + tenants).ended()
        let answer: RefereeAnswer = try ended.answer()
        for tenant in answer.tenants {
            let offences = (tenant.lost.map { ("lost", $0) } + tenant.invented.map { ("invented", $0) } + tenant.wronglyExcepted.map { ("wrongly excepted", $0) })
                .prefix(4).map { "\($0.0) \($0.1.id ?? $0.1.memory ?? "?"): \($0.1.reason)" }
            let sum = "\(tenant.lost.count) lost, \(tenant.invented.count) invented, \(tenant.wronglyExcepted.count) wrongly excepted"
            try expect(
                answer.ok || offences.isEmpty && tenant.error == nil,
                "the referee does not agree on \(tenant.tenant) in \(store): \(sum); \(tenant.error ?? "") \(offences.joined(separator: "; "))")
            try expect(tenant.accounted > 0, "the referee found nothing to judge on \(tenant.tenant) in \(store)")
            try expect(tenant.probesLeft.isEmpty, "probes are left on \(tenant.tenant) in \(store): \(tenant.probesLeft.joined(separator: ", "))")
        }
        try expect(answer.ok && ended.code == 0, "the referee does not agree: \(ended.said)")
    }

    /// Every step of the plan, in its order, as `preview` tells them before anything has begun.
    static let steps = [
        "A0/host.prepare", "A0/sidecar.start", "A1/mirror.install", "A1/backfill.copy", "A1/env.wire", "A1/shadow.watch", "A2/backfill.verify",
        "A3/fallback.remove", "A3/legacy.freeze", "A3/legacy.archive", "A3/soak.wait", "A3/legacy.drop",
    ]
}
