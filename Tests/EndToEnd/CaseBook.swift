/// A named case.
struct Case: Sendable {
    let name: String
    var sampling = Sampling.always
    let run: @Sendable (Stage) async throws -> Void

    enum Sampling: Sendable {
        case always
        /// Left out of a sampled run, unless asked for by name.
        case whole
        /// Stands in for whole ones in a sampled run.
        case sampled
    }
}

enum CaseBook {
    static let everything: [Case] = [
        Case(name: "undisturbed", run: Undisturbed.run),
        Case(name: "over-ssh", run: Undisturbed.overSSH),
        Case(name: "cut-link", run: CutLink.run),
        Case(name: "secrets-stay-at-home", run: SecretsAtHome.overSSH),
        Case(name: "secrets-stay-at-home-locally", sampling: .whole, run: SecretsAtHome.locally),
        Case(name: "secrets-stay-at-home-by-ssm", sampling: .whole, run: SecretsAtHome.bySSM),
        Case(name: "watch-is-a-unit", run: WatchUnit.run),
        Case(name: "bundle-on-bare-debian", sampling: .whole, run: BareDebian.released),
        Case(name: "program-on-bare-debian", run: BareDebian.asBuilt),
        Case(name: "over-ssm", sampling: .whole, run: Undisturbed.overSSM),
        Case(name: "shortly-over-ssm", sampling: .sampled, run: Undisturbed.shortlyOverSSM),
        Case(name: "killed-controller-and-watch", sampling: .sampled, run: Killed.both),
        Case(name: "killed-controller", sampling: .whole, run: Killed.controller),
        Case(name: "killed-watch", sampling: .whole, run: Killed.watch),
        Case(name: "host-killed-20", run: Killed.host),
        Case(name: "newer-build", run: NewerBuild.run),
        Case(name: "caller-killed", run: CallerKilled.run),
        Case(name: "hard-agents", run: HardAgents.run),
        Case(name: "postgres-restarted", run: PostgresRestarted.run),
        Case(name: "controller-disk-full", run: DiskFull.controller),
        Case(name: "host-disk-full", run: DiskFull.host),
        Case(name: "plugin-felled", sampling: .whole, run: PluginFelled.run),
        Case(name: "sidecar-never-started", run: SidecarNeverStarted.run),
        Case(name: "no-pgvector", run: NoPgvector.run),
        Case(name: "migrations-missing-from-image", run: MigrationsMissing.run),
        Case(name: "real-containers", sampling: .whole, run: RealContainers.run),
        Case(name: "plugin-on-all-interfaces", run: PluginOnAllInterfaces.run),
        Case(name: "control-plane-books", run: ControlPlaneBooks.run),
        Case(name: "fleet-from-systems-manager", run: FleetFromSystemsManager.run),
        Case(name: "recycled-host", sampling: .whole, run: RecycledHost.run),
        Case(name: "put-back", run: PutBack.run),
        Case(name: "null-metadata-500", run: NullMetadata.run),
        Case(name: "fresh-namespace-outage", run: FreshNamespace.run),
        Case(name: "dropped-next-day", run: DroppedNextDay.run),
        Case(name: "archive-elsewhere", run: ArchiveElsewhere.run),
        Case(name: "archive-of-100000", sampling: .whole, run: ArchiveElsewhere.large),
        Case(name: "skipped-rows-exit-0", run: SkippedRows.run),
        Case(name: "persons-choice", run: PersonsChoice.run),
        Case(name: "verify-by-sample", run: VerifyBySample.run),
        Case(name: "empty-fleet-exit-0", run: EmptyFleet.run),
        Case(name: "raw-remote-output", run: RawRemoteOutput.run),
        Case(name: "readers-left-behind", run: ReadersLeftBehind.run),
        Case(name: "approval-bypassed", run: ApprovalBypassed.run),
        Case(name: "superseded-rollout", run: SupersededRollout.run),
        Case(name: "wedged-minority", run: WedgedMinority.run),
        Case(name: "second-plugin", run: SecondPlugin.run),
        Case(name: "kv-deprecation", run: KeyValues.run),
        Case(name: "kv-deprecation-between-two", sampling: .whole, run: KeyValues.separately),
        Case(name: "http-forgetting", sampling: .whole, run: HTTPForgetting.run),
        Case(name: "http-fault", sampling: .sampled, run: HTTPFaults.one),
        Case(name: "http-faults", sampling: .whole, run: HTTPFaults.all),
        Case(name: "separate-databases", sampling: .whole, run: SeparateDatabases.run),
        Case(name: "central", sampling: .whole, run: CentralTopology.run),
        Case(name: "central-shortly", sampling: .sampled, run: CentralTopology.shortly),
        Case(name: "preview-changes-nothing", run: PreviewChangesNothing.run),
        Case(name: "who-serves", run: WhoServes.run),
        Case(name: "what-the-watch-found", run: WatchFound.run),
        Case(name: "bad-input", run: BadInput.run),
        Case(name: "two-operators", run: TwoOperators.run),
        Case(name: "paused-operator", run: PausedOperator.run),
        Case(name: "stopping", run: Stopping.run),
        Case(name: "saved-previews", run: SavedPreviews.run),
        Case(name: "signed-approvals", run: SignedApprovals.run),
        Case(name: "second-lab", run: SecondLab.run),
        Case(name: "two-labs-whole", sampling: .whole, run: SecondLab.whole),
    ]

    static func chosen(only: [String], all: Bool) -> [Case] {
        everything.filter { one in
            if !only.isEmpty { return only.contains(one.name) }
            return one.sampling == .always || one.sampling == (all ? .whole : .sampled)
        }
    }
}
