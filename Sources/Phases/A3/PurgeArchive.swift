import Cutover
import Host

/// Deletes the archive. The only step that nothing brings back.
struct PurgeArchive: IrreversibleStep {
    let keepSeconds: Int
    let vault: Vault
    let table: LegacyTable

    var preconditions: [Gate] {
        [
            .reading("the old table is dropped", LegacyState(table: table)) { state, _ in
                state.place == "dropped" ? .open(Evidence()) : .shut("the table is \(state.place)")
            },
            vault.gate("the archive was kept for its time", table) { [keepSeconds] state, sight in
                guard let at = state.exportedAt else { return .shut("it is not known when the archive was made") }
                let age = sight.time.now.seconds(since: at)
                return age >= Double(keepSeconds) ? .open(facts(["ageSeconds": Int(age)])) : .shut("it is kept for \(keepSeconds) s, \(Int(age)) s have passed")
            },
        ]
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
