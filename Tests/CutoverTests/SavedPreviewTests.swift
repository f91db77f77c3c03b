import Cutover
import CutoverTestKit
import Testing

@Suite("a saved preview") struct SavedPreviewTests {
    let world = LampWorld(fleet: LampCatalog.fleet("acme", "zeta"))
    let chance = SeededRandom(1)

    private func saved(_ tenants: [TenantID] = ["acme", "zeta"], to: String? = nil, world other: LampWorld? = nil) async throws -> SavedPreview {
        let world = other ?? world
        let engine = world.engine("previewing", as: "-")
        let target = to.flatMap(world.plan.step(named:))
        var previews: [(TenantPreview, SavedPreview.Stand)] = []
        for tenant in tenants { previews.append((try await engine.preview(tenant).upTo(target, of: world.plan), try await engine.stand(of: tenant))) }
        return engine.saved(previews, byWaves: false, to: target, random: chance)
    }

    private func reloaded(_ saved: SavedPreview) throws -> SavedPreview { try CanonicalJSON.value(SavedPreview.self, from: try CanonicalJSON.text(saved)) }

    @Test("comes back from its file whole, and not when anything in it was changed")
    func whole() async throws {
        let text = try CanonicalJSON.text(try await saved(to: "lamp.light"))
        #expect(try CanonicalJSON.value(SavedPreview.self, from: text).isWhole)
        for (was, now) in [
            (#""answer":"open""#, #""answer":"shut""#), (#""detail":"mains on""#, #""detail":"mains off""#), (#""revision":0"#, #""revision":1"#),
            (#""byWaves":false"#, #""byWaves":true"#), (#""to":"L0/lamp.light""#, #""to":"L1/lamp.watch""#), (#""tenant":"acme""#, #""tenant":"zeta""#),
            (#""planRevision":1"#, #""planRevision":2"#), (#""state":"pending""#, #""state":"done""#), ("cutoverctl host writing", "echo"),
        ] {
            let edited = text.replacing(was, with: now)
            #expect(edited != text, "there is no \(was) in \(text)")
            #expect(try !CanonicalJSON.value(SavedPreview.self, from: edited).isWhole, "\(was) was changed to \(now), and nobody saw it")
        }
    }

    @Test("stands as long as nothing has changed, counts aside, and names what has, tenant by tenant")
    func changes() async throws {
        let shown = try reloaded(try await saved())
        let engine = world.engine()
        #expect(try await engine.changes(of: "acme", since: shown) == [])
        await world.set("mains", "off")
        #expect(try await engine.changes(of: "acme", since: shown) == ["L0/lamp.wire: the mains are on: shut, was open (they are off)"])
        #expect(try await engine.changes(of: "zeta", since: shown) == [])
        await world.set("mains", nil)
        try await engine.hold("zeta", reason: "lunch")
        #expect(try await engine.changes(of: "zeta", since: shown) == ["it was pending at revision 0 and is held at 1: held by ann"])
        #expect(try await engine.changes(of: "acme", since: shown) == [])
        #expect(try await engine.changes(of: "gone", since: shown) == ["it is no longer in the fleet file"])
    }

    @Test("what a gate counts is information, its answer is not")
    func counts() async throws {
        let text = try CanonicalJSON.text(try await world.engine().preview("acme"))
        let counted = try CanonicalJSON.value(TenantPreview.self, from: text.replacing("mains on", with: "rows 2052").replacing("cutoverctl host", with: "other words"))
        let shown = world.engine().saved([(counted, try await world.engine().stand(of: "acme"))], byWaves: false, to: nil, random: chance)
        #expect(shown.tenants[0].steps[0].gates[0].detail == "rows 2052")
        #expect(try await world.engine().changes(of: "acme", since: shown) == [])
        let other = try CanonicalJSON.value(TenantPreview.self, from: text.replacing(#""answer":"open""#, with: #""answer":"unknown""#))
        let doubted = world.engine().saved([(other, try await world.engine().stand(of: "acme"))], byWaves: false, to: nil, random: chance)
        #expect(try await world.engine().changes(of: "acme", since: doubted).first == "L0/lamp.wire: the mains are on: open, was unknown (mains on)")
    }

    @Test("one that was begun under another journal does not stand")
    func otherJournal() async throws {
        _ = try await world.engine().advance("acme")
        let shown = try await saved(["acme"])
        let other = LampWorld(journal: MemoryJournal(identity: "another"))
        #expect(try await other.engine().changes(of: "acme", since: shown).first?.contains("another journal") == true)
        _ = try await other.engine().advance("acme")
        #expect(try await other.engine().changes(of: "acme", since: shown).first?.contains("its history is another") == true)
    }

    @Test("is spent once: the second of two who hold the file is refused, also long after")
    func once() async throws {
        let shown = try await saved()
        #expect(try await world.engine("one", as: "ann").spend(shown, on: ["acme"]) == [:])
        for tenants in [["acme"], ["zeta"], ["acme", "zeta"]] as [[TenantID]] {
            let refusal = await #expect(throws: EngineError.self) { try await world.engine("two", as: "bob").spend(shown, on: tenants) }
            guard case .previewUsed(let use)? = refusal else {
                Issue.record("it was refused for another reason: \(String(describing: refusal))")
                return
            }
            #expect(use.by == "ann" && use.tenants == ["acme"])
        }
        #expect(try await world.kinds() == ["previewUsed"])
        #expect(try await world.kinds("zeta") == [])
    }

    @Test("two who apply it at the same moment: one begins")
    func race() async throws {
        // Whoever finds the fleet's stream leased waits a moment: nobody else moves this clock.
        let world = LampWorld(fleet: LampCatalog.fleet("acme", "zeta"), time: ManualTime(hurriesUpTo: 1000))
        let shown = try await saved(world: world)
        let begun = await withTaskGroup(of: Bool.self) { group in
            for name in ["one", "two", "three", "four"] {
                group.addTask { (try? await world.engine(name).spend(shown, on: ["acme", "zeta"])) == [:] }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(begun == 1)
        #expect(try await world.journal.events(in: .fleet, after: 0).map(\.change.kind) == ["previewUsed"])
    }

    @Test("a crash before the mark leaves it unused, and one after it leaves it used, with nothing done either way", arguments: [MemoryJournal.Death.before, .after])
    func crash(death: MemoryJournal.Death) async throws {
        let shown = try await saved()
        await world.journal.die(recording: "previewUsed", death)
        await #expect(throws: EngineError.self) { try await world.engine().spend(shown, on: ["acme"]) }
        await world.journal.revive()
        #expect(await world.writes().isEmpty)
        world.time.advance(seconds: 100)
        let use = try await world.engine("two").use(of: shown)
        if case .after = death {
            #expect(use?.by == "ann")
            await #expect(throws: EngineError.self) { try await world.engine("two").spend(shown, on: ["acme"]) }
            #expect(try await world.engine("two").spend(try await saved(), on: ["acme"]) == [:], "a new preview is as good as ever")
        } else {
            #expect(use == nil)
            #expect(try await world.engine("two").spend(shown, on: ["acme"]) == [:])
        }
    }

    @Test("what comes in between the last look and the mark leaves that tenant out")
    func overtaken() async throws {
        let shown = try await saved()
        try await world.engine("two", as: "bob").hold("acme", reason: "wait!")
        let refused = try await world.engine().spend(shown, on: ["acme", "zeta"])
        #expect(refused == ["acme": "it was pending at revision 0 and is held at 1: held by bob"])
        #expect(try await world.kinds() == ["held"])
        #expect(try await world.kinds("zeta") == ["previewUsed"])
    }

    @Test("a tenant that is being taken back is no tenant to carry a preview out on")
    func goingBack() async throws {
        try await world.engine().go(to: "lamp.light", world.time)
        try await world.engine().requestRevert("acme", to: nil, reason: "no")
        let shown = try await saved(["acme"])
        #expect(try await world.engine().changes(of: "acme", since: shown) == ["it is being taken back, and the preview is of going forward"])
    }

    @Test("shows and binds no more than was asked for")
    func bounded() async throws {
        let shown = try await saved(["acme"], to: "lamp.wire")
        #expect(shown.to == "L0/lamp.wire" && shown.tenants[0].steps.map(\.step) == ["L0/lamp.wire"])
        #expect(try await world.engine().changes(of: "acme", since: shown) == [])
    }
}
