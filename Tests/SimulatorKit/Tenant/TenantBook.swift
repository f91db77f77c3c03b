import Cutover
import Foundation
import Host
import Simulation

/// The operations of one tenant's host, by kind, each with the payload and the answer of the real one.
struct TenantBook {
    let tenant: SimulatedTenant
    let cut: @Sendable (String) throws -> Void
    private(set) var operations = HostOperationBook()

    init(tenant: SimulatedTenant, cut: @escaping @Sendable (String) throws -> Void) {
        self.tenant = tenant
        self.cut = cut
    }

    /// A reading of what lies on the host.
    mutating func read(_ kind: OperationKind, _ answer: @escaping @Sendable (TenantState, Question) throws -> Said) {
        let tenant = tenant
        operations.add(kind, .reading) { payload, hand in
            let model = tenant.now { $0 }
            guard !model.isDeleted else { throw Refused("the tenant is not there any more") }
            return try answer(model, Question(payload: payload, sight: hand.sight, tenant: tenant)).json
        }
    }

    /// A reading that asks the database.
    mutating func ask(_ kind: OperationKind, _ answer: @escaping @Sendable (Database, TenantState, Question) throws -> Said) {
        read(kind) { model, question in
            guard model.answers else { throw Refused.noAnswer(of: model.id) }
            return try answer(model.database, model, question)
        }
    }

    mutating func act(_ kind: OperationKind, once: Once = .convergent, _ act: @escaping @Sendable (Deed) async throws -> Said) {
        let (tenant, cut) = (tenant, cut)
        operations.add(kind, .writing, once: once) { payload, hand in try await act(Deed(kind: kind, payload: payload, hand: hand, tenant: tenant, cut: cut)).json }
    }

    mutating func exercise(_ kind: OperationKind, _ trial: @escaping @Sendable (Deed) async throws -> Said) {
        let (tenant, cut) = (tenant, cut)
        operations.add(kind, .exercising) { payload, hand in try await trial(Deed(kind: kind, payload: payload, hand: hand, tenant: tenant, cut: cut)).json }
    }

    mutating func keep(_ accord: any KeepsAccord) { operations.keep(accord) }
    mutating func add<W: ActsOnHost>(_ type: W.Type) { operations.add(type) }
}

/// What a reading was asked.
struct Question: Sendable {
    let payload: String
    let sight: HostSight
    let tenant: SimulatedTenant

    func asked<Payload: Decodable>(_ type: Payload.Type) throws -> Payload { try CanonicalJSON.value(type, from: payload) }
}

/// An operation under way: a row of effects, between any two of which the process may die and agents may act.
struct Deed: Sendable {
    let kind: OperationKind
    let payload: String
    let hand: HostHand
    let tenant: SimulatedTenant
    let cut: @Sendable (String) throws -> Void

    func asked<Payload: Decodable>(_ type: Payload.Type) throws -> Payload { try CanonicalJSON.value(type, from: payload) }

    /// One effect on what runs and lies on the host.
    @discardableResult
    func host<Value>(_ what: String, _ body: (inout TenantState) throws -> Value) throws -> Value {
        try cut("\(kind) \(what)")
        return try tenant.now { model in
            guard !model.isDeleted else { throw Refused("the tenant is not there any more") }
            if model.chance.happens(5) { model.agentActs() }
            let before = what == "drops the table" ? model.database : nil
            let value = try body(&model)
            model.effects.append(WorldEffect(kind: kind, operation: hand.operation, fence: hand.fence, at: model.today, what: what, asItWas: before))
            return value
        }
    }

    /// One transaction of the tenant's database.
    @discardableResult
    func database<Value>(_ what: String, _ body: (inout TenantState) throws -> Value) throws -> Value {
        try meetTrouble()
        return try host(what) { model in
            guard model.answers else { throw Refused.noAnswer(of: model.id) }
            return try body(&model)
        }
    }

    /// One transaction that nobody with an older fence can commit after.
    @discardableResult
    func fenced<Value>(_ what: String, _ body: (inout TenantState) throws -> Value) throws -> Value {
        try database(what) { model in
            guard let fence = model.database.own?.fence else { throw Refused("change capture is not installed") }
            guard fence <= hand.fence else { throw Refused("fenced: a newer operation, \(fence), has taken over") }
            model.database.own?.fence = hand.fence
            return try body(&model)
        }
    }

    /// A deadlock or a lock's time-out is met once, and stays met though the transaction is rolled back.
    private func meetTrouble() throws {
        let trouble = tenant.now { model in model.troubles.isEmpty ? nil : model.troubles.removeFirst() }
        if let trouble { throw trouble }
    }

    /// An exercise with its trace, which tells of the effect as it stands now.
    func traced(_ name: String, _ trial: (inout TenantState) throws -> [String: String]) throws -> Said {
        do {
            return ["facts": .facts(try database("tries \(name)") { model in
                let facts = try trial(&model)
                model.host.trials[name] = true
                return facts
            })]
        } catch let refused as Refused {
            try host("notes that \(name) failed") { $0.host.trials[name] = false }
            throw StepFailure("the exercise \(name) failed: \(refused)", effect: .partlyChanged, next: "cutoverctl why \(hand.sight.tenant)")
        }
    }

    /// What was sampled was the state that is left now.
    func endSampling() throws {
        try host("ends the sampling") { $0.host.sampling = nil }
    }

    func ensureWatch() throws -> Said {
        try host("starts the watch") { $0.host.watchRuns = true }
        return ["pid": 7]
    }
}
