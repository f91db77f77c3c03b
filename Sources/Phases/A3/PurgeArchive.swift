import Cutover
import Host

/// Deletes the archive. The only step that nothing brings back.
struct PurgeArchive: IrreversibleStep {
    let keepSeconds: Int
    let vault: Vault
    let table: LegacyTable
    /// The step that made it.
    let madeBy: StepID?

    var preconditions: [Gate] {
        [
            .reading("the old table is dropped", LegacyState(table: table)) { state, _ in
                state.place == "dropped" ? .open(Evidence()) : .shut("the table is \(state.place)")
            },
            vault.gate("the archive was kept for its time", table) { [self] state, sight in
                guard let age = agreedAge(state, sight) else { return .shut("it is not known when the archive was made") }
                return age >= Double(keepSeconds) ? .open(facts(["ageSeconds": Int(age)])) : .shut("it is kept for \(keepSeconds) s, \(Int(age)) s have passed")
            },
        ]
    }

    /// What both clocks agree on, each measured by itself: the host's may be ahead of ours or behind, or have been set since the archive was made.
    private func agreedAge(_ state: ArchiveState.Result, _ sight: Sight) -> Double? {
        guard let exported = state.exportedAt, let verified = madeBy.flatMap({ sight.verified[$0] }) else { return nil }
        let ours = sight.time.now.seconds(since: verified)
        return min(ours, state.now.map { $0.seconds(since: exported) } ?? ours)
    }

    func preview(_ sight: Sight) async throws(StepFailure) -> Preview {
        Preview(commands: [sight.commandLine(.writing, DeleteArchive.kind) + " deletes \(vault.to)"])
    }

    func verify(_ sight: Sight) async throws(StepFailure) -> Finding {
        let state = try await vault.state(sight, table)
        return state.there ? .absent(facts(["rows": state.rows])) : .inPlace(Evidence(["archive": "gone"]))
    }

    func perform(_ site: Site, with consent: Consent) async throws(StepFailure) -> Evidence {
        try await vault.delete(site, table, onlyWhenTableIsBack: false)
        return Evidence(["consentBy": consent.by.text, "reason": consent.reason])
    }
}
