import Cutover
import CutoverTestKit
import Synchronization
import Testing

/// The five ways to stop a tenant that come from outside of its operator's process. Ctrl-C, the sixth, is a case of its own: end-to-end --only stopping
@Suite("whatever stops a tenant") struct StoppingTests {
    enum Way: String, CaseIterable, CustomTestStringConvertible {
        case tenant, wave, fleet, file, hosts
        var testDescription: String { rawValue }
    }

    /// A file that may appear at any moment.
    final class Flag: Sendable {
        private let isThere = Mutex(false)
        func put() { isThere.withLock { $0 = true } }
        func take() { isThere.withLock { $0 = false } }
        func read() -> FleetHold? { isThere.withLock { $0 } ? FleetHold(by: "a file", reason: "no reason is given", next: "rm it") : nil }
    }

    private static let claim = "the host does not say \"not now\""
    private let world: LampWorld
    private let flag = Flag()
    private let hostsWord: Flag

    /// The host's word is asked before every step forward.
    init() {
        let word = Flag()
        let veto = Gate(Self.claim) { _ in word.read() == nil ? .open(Evidence()) : .shut("not now") }
        hostsWord = word
        world = LampWorld(catalog: StepCatalog(LampCatalog.catalog.entries, always: [veto]))
    }

    private var engine: Engine { world.engine().stopped { [flag] in flag.read() } }

    private func stop(_ way: Way) async {
        let other = world.engine("two", as: "bob")
        switch way {
        case .tenant: try? await other.hold("acme", reason: "stop")
        case .wave: try? await other.holdFleet(wave: "all", reason: "stop")
        case .fleet: try? await other.holdFleet(wave: nil, reason: "stop")
        case .file: flag.put()
        case .hosts: hostsWord.put()
        }
    }

    private func letGo(_ way: Way) async throws {
        let other = world.engine("two", as: "bob")
        switch way {
        case .tenant: try await other.release("acme", reason: "go on")
        case .wave: try await other.releaseFleet(wave: "all", reason: "go on")
        case .fleet: try await other.releaseFleet(wave: nil, reason: "go on")
        case .file: flag.take()
        case .hosts: hostsWord.take()
        }
    }

    private func isStopped(_ way: Way) async throws -> Bool {
        let advance = try await engine.advance("acme")
        if way == .hosts { return advance.shut.map(\.claim).contains(Self.claim) }
        if case .held? = advance.stop { return true }
        return false
    }

    @Test("while a step is under way: its end is on record, nothing begins after it, and let go it goes on", arguments: Way.allCases)
    func midStep(way: Way) async throws {
        _ = try await engine.advance("acme")
        await world.transport.during(Lamp.Set.kind) { _ in await stop(way) }
        #expect(try await engine.advance("acme").did == "performed")
        #expect(try await engine.position("lamp.wire") == .performed)
        if way == .hosts {
            // What is under way ends, verified and all; what comes next does not begin.
            #expect(try await engine.advance("acme").did == "verified")
        }
        let begun = try await world.events("started").count
        for _ in 0..<3 { #expect(try await isStopped(way)) }
        #expect(try await world.events("started").count == begun)
        try await letGo(way)
        try await engine.go(to: "lamp.light", world.time)
    }

    @Test("while the gates are asked: the step is not begun, and let go it is", arguments: Way.allCases.filter { $0 != .hosts })
    func atTheGates(way: Way) async throws {
        _ = try await engine.advance("acme")
        await world.transport.during(Lamp.Read.kind) { _ in await stop(way) }
        #expect(try await isStopped(way))
        #expect(try await world.events("started").isEmpty)
        #expect(await world.writes().isEmpty)
        try await letGo(way)
        try await engine.go(to: "lamp.light", world.time)
    }

    @Test("while the outcome of a step is in doubt: the doubt stays until it is let go, and is then settled first", arguments: Way.allCases.filter { $0 != .hosts })
    func inDoubt(way: Way) async throws {
        _ = try await engine.advance("acme")
        await world.transport.plan(.lostAnswer, for: Lamp.Set.kind)
        #expect(try await engine.advance("acme").isUnknown)
        await stop(way)
        #expect(try await isStopped(way))
        #expect(try await engine.position("lamp.wire") == .inDoubt(attempt: 1))
        try await letGo(way)
        #expect(try await engine.advance("acme").did == "verified")
        #expect(await world.writes().count == 1)
    }
}
