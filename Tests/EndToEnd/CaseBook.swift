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
        /// A sampled run has half of these; which, follows from the seed.
        case byTurns
        /// Only by its name: it takes as long as there is.
        case alone
    }
}

enum CaseBook {
    static let everything: [Case] = [
        Case(name: "undisturbed", run: Undisturbed.run),
        // Long: whoever comes last waits alone.
        Case(name: "runbooks", run: Runbooks.run),
        Case(name: "over-ssh", run: Undisturbed.overSSH),
        Case(name: "cut-link", sampling: .byTurns, run: CutLink.run),
        Case(name: "secrets-stay-at-home", sampling: .byTurns, run: SecretsAtHome.overSSH),
        Case(name: "secrets-stay-at-home-locally", sampling: .whole, run: SecretsAtHome.locally),
        Case(name: "secrets-stay-at-home-by-ssm", sampling: .whole, run: SecretsAtHome.bySSM),
        Case(name: "watch-is-a-unit", run: WatchUnit.run),
        Case(name: "bundle-on-bare-debian", sampling: .whole, run: BareDebian.released),
        Case(name: "program-on-bare-debian", run: BareDebian.asBuilt),
        Case(name: "package-on-bare-debian", sampling: .whole, run: Packaged.released),
        Case(name: "package-as-built", sampling: .sampled, run: Packaged.asBuilt),
        Case(name: "unit-under-systemd", sampling: .whole, run: UnderSystemd.run),
        Case(name: "over-ssm", sampling: .whole, run: Undisturbed.overSSM),
        Case(name: "shortly-over-ssm", sampling: .sampled, run: Undisturbed.shortlyOverSSM),
        Case(name: "killed-controller-and-watch", sampling: .sampled, run: Killed.both),
        Case(name: "killed-controller", sampling: .whole, run: Killed.controller),
        Case(name: "killed-watch", sampling: .whole, run: Killed.watch),
        Case(name: "host-killed-20", run: Killed.host),
        Case(name: "crash-points", sampling: .byTurns, run: CrashPoints.sampled),
        Case(name: "crash-points-whole", sampling: .alone, run: CrashPoints.whole),
        Case(name: "endurance", sampling: .alone, run: Endurance.run),
        Case(name: "newer-build", sampling: .byTurns, run: NewerBuild.run),
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
        Case(name: "control-plane-books", sampling: .byTurns, run: ControlPlaneBooks.run),
        Case(name: "fleet-from-systems-manager", run: FleetFromSystemsManager.run),
        Case(name: "recycled-host", sampling: .whole, run: RecycledHost.run),
        Case(name: "put-back", sampling: .byTurns, run: PutBack.run),
        Case(name: "null-metadata-500", run: NullMetadata.run),
        Case(name: "fresh-namespace-outage", run: FreshNamespace.run),
        Case(name: "dropped-next-day", run: DroppedNextDay.run),
        Case(name: "archive-elsewhere", sampling: .byTurns, run: ArchiveElsewhere.run),
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
        Case(name: "second-plugin", sampling: .byTurns, run: SecondPlugin.run),
        Case(name: "kv-deprecation", sampling: .byTurns, run: KeyValues.run),
        Case(name: "kv-deprecation-between-two", sampling: .whole, run: KeyValues.separately),
        Case(name: "http-forgetting", sampling: .whole, run: HTTPForgetting.run),
        Case(name: "http-fault", sampling: .sampled, run: HTTPFaults.one),
        Case(name: "http-faults", sampling: .whole, run: HTTPFaults.all),
        Case(name: "separate-databases", sampling: .whole, run: SeparateDatabases.run),
        Case(name: "central", sampling: .whole, run: CentralTopology.run),
        Case(name: "central-shortly", sampling: .sampled, run: CentralTopology.shortly),
        Case(name: "preview-changes-nothing", sampling: .byTurns, run: PreviewChangesNothing.run),
        Case(name: "who-serves", sampling: .byTurns, run: WhoServes.run),
        Case(name: "what-the-watch-found", sampling: .byTurns, run: WatchFound.run),
        Case(name: "bad-input", sampling: .byTurns, run: BadInput.run),
        Case(name: "two-operators", run: TwoOperators.run),
        Case(name: "paused-operator", run: PausedOperator.run),
        Case(name: "team-journal", sampling: .whole, run: TeamJournal.run),
        Case(name: "disk-lost", sampling: .byTurns, run: DiskLost.run),
        Case(name: "stopping", run: Stopping.run),
        Case(name: "unattended", run: UnattendedRun.run),
        Case(name: "saved-previews", sampling: .byTurns, run: SavedPreviews.run),
        Case(name: "signed-approvals", sampling: .byTurns, run: SignedApprovals.run),
        Case(name: "signed-for-a-wave", sampling: .byTurns, run: SignedForAWave.run),
        Case(name: "second-lab", run: SecondLab.run),
        Case(name: "two-labs-whole", sampling: .whole, run: SecondLab.whole),
    ]

    static func chosen(only: [String], all: Bool, seed: UInt64) -> [Case] {
        if !only.isEmpty { return everything.filter { only.contains($0.name) } }
        let inTurn = everything.filter { $0.sampling == .byTurns }.map { (name: $0.name, place: Chance(seed: seed, name: $0.name).number(in: 0...999_999)) }
        let left = all ? [] : Set(inTurn.sorted { $0.place < $1.place }.prefix(inTurn.count / 2).map(\.name))
        return everything.filter { one in
            switch one.sampling {
            case .always: true
            case .whole: all
            case .sampled: !all
            case .byTurns: !left.contains(one.name)
            case .alone: false
            }
        }
    }
}
