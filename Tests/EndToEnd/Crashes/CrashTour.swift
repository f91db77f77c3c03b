import Foundation

/// One tenant's way there and back under a journal of its own, with whatever is told to die on the way.
struct CrashTour: Sendable {
    let stage: Stage
    let tenant: String
    let ground: CrashGround
    /// How often a command may end otherwise than it should though nobody died at a point since.
    var patience = 12

    init(_ stage: Stage, _ tenant: String) throws {
        self.stage = stage
        self.tenant = tenant
        ground = try CrashGround("\(stage.folder)/points-\(tenant)")
    }

    /// For questions and signatures: nobody dies in them.
    private var calmly: [String: String?] { ["CUTOVER_JOURNAL": journal] }
    private var changes: [String: String?] { ["CUTOVER_JOURNAL": journal, "CUTOVER_CRASH_POINTS": ground.folder] }
    /// Under the same name for every tenant: points are named after files.
    var journal: String { "\(ground.folder)/journal.db" }

    /// To the drop and back to the start. Answers what was left behind at both ends.
    func thereAndBack() async throws -> [Remains] {
        try await forward()
        let there = try await end("v2", steps: Stage.steps)
        try await back()
        return [there, try await end("v1", steps: [])]
    }

    /// The first steps by a saved preview, the others by `advance`; whatever was killed is given again.
    func forward() async throws {
        try await again("apply") {
            let saved = "\(stage.folder)/saved-\(tenant).json"
            let shown = try await stage.start("cutoverctl", ["preview", tenant, "--to", "A0/sidecar.start", "-o", saved], calmly).ended()
            try expect(shown.code == 0, "`\(shown.words)` ended with \(shown.code): \(shown.said)")
            let ended = try await stage.start("cutoverctl", ["apply", saved], changes).ended(within: 900)
            // What an interrupted one had begun is looked at before anything is previewed that can be carried out.
            return ended.code == 3 ? nil : ended
        }
        try await again("advance") {
            while true {
                let ended = try await stage.start("cutoverctl", ["advance", tenant, "--to", "A3/legacy.drop", "--wait"], changes).ended(within: 900)
                guard ended.code == 3, try await stage.sign([tenant], changing: calmly) == .something else { return ended }
            }
        }
    }

    func back() async throws {
        try await again("revert") {
            let words = ["revert", tenant, "--to", "start", "--reason", "the customer asked for it", "--confirm", tenant]
            let ended = try await stage.start("cutoverctl", words, changes).ended(within: 900)
            return try await stage.status(of: tenant, changing: calmly).state == "reverted" ? nil : ended
        }
    }

    /// Until it ends with 0, or with nil. Each time that it ends otherwise somebody must have died since; a step that was killed on its host may
    /// take a few times more.
    private func again(_ what: String, _ command: () async throws -> RunningProgram.Ended?) async throws {
        var (patience, dead, last) = (patience, ground.died.count, "")
        while patience > 0 {
            guard let ended = try await command(), ended.code != 0 else { return }
            if ground.died.count == dead { patience -= 1 }
            (dead, last) = (ground.died.count, "with \(ended.code): \(ended.said)")
        }
        throw Trouble("\(tenant): `\(what)`, given again and again, ends \(last)")
    }

    /// Everything that has to be so at the end of a way.
    func end(_ store: String, steps: [String]) async throws -> Remains {
        // Where a watch was killed for good, the step that starts it was done anew on the way.
        var known: Set<String> = []
        let verified = try await stage.verified(tenant, changing: calmly).filter { known.insert($0).inserted }
        try expect(verified == steps, "\(tenant): these stand verified, in this order: \(verified.joined(separator: ", "))")
        try await stage.referee(store, of: [tenant], changing: calmly)
        let journal = try await stage.start("cutoverctl", ["journal", "verify"], calmly).ended()
        try expect(journal.code == 0, "\(tenant): `journal verify` ended with \(journal.code): \(journal.said)")
        // The watch may just be starting the plugin again.
        var said = ""
        for _ in 0..<20 {
            let check = try await stage.start("cutoverctl", ["check", tenant], calmly).ended()
            said = check.code == 0 ? "" : "with \(check.code): \(check.said)"
            if said.isEmpty { break }
            try await Task.sleep(for: .seconds(1))
        }
        try expect(said.isEmpty, "\(tenant): `check` ended \(said)")
        try await performedOnce()
        let strays = Remains.strays(stage, tenant)
        try expect(strays.isEmpty, "\(tenant): left half way: \(strays.joined(separator: ", "))")
        return try await Remains.take(stage, tenant)
    }

    /// What was performed had been begun since it was performed the last time.
    private func performedOnce() async throws {
        var (begun, known): (Set<String>, Set<String>) = ([], [])
        for event in try await stage.history(tenant, changing: calmly) {
            let place = "\(event.kind) \(event.place)"
            if ["started", "revertStarted"].contains(event.kind) {
                begun.insert(place)
                known.insert(place)
            }
            // A wait has nothing to be taken back.
            guard let beginning = ["performed": "started", "reverted": "revertStarted"][event.kind].map({ "\($0) \(event.place)" }), known.contains(beginning) else { continue }
            try expect(begun.remove(beginning) != nil, "\(tenant): \(event.place) was \(event.kind) twice, at revision \(event.revision)")
        }
    }
}
