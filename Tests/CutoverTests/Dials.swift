import Cutover
import CutoverTestKit

/// A third, tiny catalogue, of steps whose gates ask their host much: dials that are read and set.
enum Dials {
    struct Dial: Reading {
        static let kind: OperationKind = "dial.read"
        typealias Result = Int
        let name: String
    }

    struct Turn: Writing {
        static let kind: OperationKind = "dial.turn"
        static let once = Once.convergent
        typealias Result = Int
        let name: String
        let to: Int
    }

    static var operations: ScriptedOperations {
        var operations = ScriptedOperations()
        operations.on(Dial.self) { (dial, things) throws(StepFailure) in
            guard let value = things[dial.name].flatMap({ Int($0) }) else { throw StepFailure("the dial \(dial.name) is broken", effect: .nothingChanged, next: "mend it") }
            return value
        }
        operations.on(Turn.self) { (turn, things) throws(StepFailure) in
            things[turn.name] = String(turn.to)
            return turn.to
        }
        return operations
    }

    static let catalog = StepCatalog(
        [
            StepCatalog.Entry(kind: "dial.up", nature: .reversible, milestone: "up") { _, _ in .reversible(TurnUp(name: "a", gates: ["a", "b"], back: ["a", "c"])) },
            StepCatalog.Entry(kind: "dial.high", nature: .reversible, milestone: "high") { _, _ in .reversible(TurnUp(name: "d", gates: ["a", "d"], back: [])) },
        ], always: [gate("e")])

    static let plan = LampCatalog.plan(phases: [Phase(id: "D", steps: [LampCatalog.step("dial.up"), LampCatalog.step("dial.high")])])

    static func gate(_ name: String, _ word: String = "can be read") -> Gate {
        Gate("\(name) \(word)", asks: [Dial(name: name)]) { sight in
            do throws(StepFailure) {
                let value = try await sight.ask(Dial(name: name))
                return value < 0 ? .shut("\(name) is at \(value)") : .open(Evidence([name: String(value)]))
            } catch { return .unknown(error.what) }
        }
    }

    struct TurnUp: ReversibleStep {
        let name: String
        let gates: [String]
        let back: [String]

        var preconditions: [Gate] { gates.map { Dials.gate($0) } }
        var wayBack: [Gate] { back.map { Dials.gate($0, "can be turned back") } }

        func preview(_ sight: Sight) async throws(StepFailure) -> Preview { Preview(commands: [sight.commandLine(.writing, Turn.kind)]) }

        func perform(_ site: Site) async throws(StepFailure) -> Evidence {
            let before = try await site.ask(Dial(name: name))
            _ = try await site.carryOut(Turn(name: name, to: before + 10))
            return Evidence(["after": String(try await site.ask(Dial(name: name)))])
        }

        func verify(_ sight: Sight) async throws(StepFailure) -> Finding {
            try await sight.ask(Dial(name: name)) >= 10 ? .inPlace(Evidence()) : .absent(Evidence())
        }

        func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence {
            _ = try await site.carryOut(Turn(name: name, to: 1))
            return Evidence()
        }
    }
}

/// One host with dials at 1, and an engine.
struct DialWorld {
    let journal = MemoryJournal()
    let transport = ScriptedTransport(Dials.operations, things: ["a": "1", "b": "1", "c": "1", "d": "1", "e": "1"])
    let time = ManualTime()
    var engine: Engine {
        let transport = transport
        return Engine(
            plan: Dials.plan, fleet: LampCatalog.fleet("acme"), catalog: Dials.catalog, journal: journal, time: time, me: "ann", holder: LeaseHolder(name: "one", seconds: 60)
        ) { _ in transport }
    }

    /// What was delivered since `count` deliveries ago.
    func kinds(since count: Int = 0) async -> [String] { await transport.host("acme").received.dropFirst(count).map(\.kind.text) }
    func delivered() async -> Int { await transport.host("acme").received.count }
    func set(_ dial: String, _ value: String?) async { await transport.change("acme") { $0.things[dial] = value } }
    func verdicts() async throws -> [[String: String]] {
        try await journal.events(in: "acme", after: 0).filter { $0.change.kind == "gateAssessed" }.map(\.change.facts)
    }
}
