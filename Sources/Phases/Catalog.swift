public import Cutover
import DataPath
public import Host

/// The steps of the memory migration, and the host operations behind them.
public enum MemoryCatalog {
    public static let catalog = StepCatalog(
        [
            entry("host.prepare", .reversible, "sidecar up", settings: [.init("minFreeMiB", .int)]) { step, _ in
                .reversible(PrepareHost(minFreeMiB: step.spec.settings.int("minFreeMiB") ?? 256))
            },
            entry(
                "sidecar.start", .reversible, "sidecar up", requires: ["host.prepare"],
                settings: [.init("program", .text, required: true), .init("listen", .text, required: true), .init("healthWithin", .duration)]
            ) { _, plan in .reversible(StartSidecar(sidecar: sidecar(plan))) },
            entry(
                "mirror.install", .reversible, "env wired", requires: ["sidecar.start"], endedBy: ["legacy.drop"],
                settings: [.init("logRows", .int), .init("logMiB", .int)]
            ) { step, plan in
                let (rows, size) = (step.spec.settings.int("logRows"), step.spec.settings.int("logMiB"))
                return .reversible(InstallMirror(sidecar: sidecar(plan), bound: LogBound(entries: rows ?? LogBound().entries, mebibytes: size ?? LogBound().mebibytes)))
            },
            entry(
                "backfill.copy", .reversible, "env wired", requires: ["mirror.install"], endedBy: ["legacy.freeze"],
                settings: [.init("chunkRows", .int), .init("ranges", .int), .init("within", .duration), .init("throttle", .section(ThrottleSettings.rules))]
            ) { step, plan in
                let settings = step.spec.settings
                return .reversible(
                    CopyRows(
                        chunkRows: settings.int("chunkRows"), ranges: max(1, settings.int("ranges") ?? 1), withinSeconds: settings.seconds("within") ?? 3600, rules: rules(plan),
                        limits: ThrottleSettings.limits(Settings(settings.map("throttle")))))
            },
            entry(
                "env.wire", .reversible, "env wired", requires: ["backfill.copy"],
                settings: [.init("drainBelow", .int), .init("stopWithin", .duration), .init("quiesceWithin", .duration)]
            ) { step, plan in
                .reversible(
                    WireServer(
                        sidecar: sidecar(plan), drainBelow: step.spec.settings.int("drainBelow") ?? 100,
                        stopSeconds: step.spec.settings.seconds("stopWithin") ?? 10, quiesceSeconds: step.spec.settings.seconds("quiesceWithin") ?? 30))
            },
            entry("shadow.watch", .wait, "shadow clean", requires: ["env.wire"], settings: window(production: 86_400)) { step, plan in
                .wait(sampled(.shadow, step, plan))
            },
            entry("backfill.verify", .wait, "backfill verified", requires: ["env.wire"], settings: [.init("exceptions", .map)]) { _, plan in
                .wait(VerifyParity(rules: rules(plan)))
            },
            entry(
                "fallback.remove", .reversible, "fallback removed", requires: ["backfill.verify"],
                settings: [
                    .init("server", .text, required: true), .init("migrations", .text), .init("stopWithin", .duration), .init("quiesceWithin", .duration),
                ]
            ) { step, _ in
                let settings = step.spec.settings
                return .reversible(
                    RemoveFallback(
                        server: settings.text("server") ?? "", migrations: settings.text("migrations"), stopSeconds: settings.seconds("stopWithin") ?? 10,
                        quiesceSeconds: settings.seconds("quiesceWithin") ?? 30))
            },
            entry(
                "legacy.freeze", .reversible, "fallback removed", requires: ["fallback.remove", "backfill.verify"], endedBy: ["legacy.drop"],
                settings: [.init("quiesceWithin", .duration), .init("bulkForget", .int), .init("pluginRoles", .list)]
            ) { step, plan in
                .reversible(
                    FreezeLegacy(
                        server: settings(of: "fallback.remove", in: plan).text("server") ?? "",
                        quiesceSeconds: step.spec.settings.seconds("quiesceWithin") ?? 60))
            },
            entry(
                "legacy.archive", .reversible, "30-day gate", requires: ["legacy.freeze"], endedBy: ["archive.purge"],
                settings: [.init("to", .text, required: true), .init("key", .text, required: true)]
            ) { _, plan in .reversible(ArchiveLegacy(vault: vault(plan))) },
            entry("soak.wait", .wait, "30-day gate", requires: ["legacy.freeze"], settings: window(production: 30 * 86_400)) { step, plan in
                .wait(sampled(.soak, step, plan))
            },
            entry(
                "legacy.drop", .graceful, "drop table", requires: ["soak.wait", "legacy.archive"],
                settings: [.init("grace", .duration, required: true), .init("blockers", .list)]
            ) { step, plan in
                .reversible(
                    DropLegacy(graceSeconds: step.spec.settings.seconds("grace") ?? 0, blockers: blockers(step), vault: vault(plan), limits: changeLimits(plan)))
            },
            entry("archive.purge", .irreversible, "", requires: ["legacy.drop"], settings: [.init("keepFor", .duration, required: true)]) { step, plan in
                .irreversible(PurgeArchive(keepSeconds: step.spec.settings.seconds("keepFor") ?? 0, vault: vault(plan)))
            },
        ],
        decisions: [
            .init("topology", supported: ["sidecar"], known: ["central"]),
            .init("pluginDatabase", supported: ["same-instance-schema"], known: ["separate"]),
            .init("runningTenants", supported: ["inject"], known: ["recycle"]),
        ])

    /// Everything that can be asked of a tenant's host.
    public static let hostOperations: HostOperationBook = {
        var book = HostOperationBook()
        book.add(HostChecks.self)
        book.add(StartWatch.self)
        book.add(LeaveHost.self)
        book.add(SidecarSurroundings.self)
        book.add(RunSidecar.self)
        book.add(SidecarTrial.self)
        book.add(SidecarState.self)
        book.add(RemoveSidecar.self)
        book.add(PutCapture.self)
        book.add(TakeCaptureAway.self)
        book.add(CaptureState.self)
        book.add(CaptureTrial.self)
        book.add(PutRules.self)
        book.add(ReadRules.self)
        book.add(BeginCopy.self)
        book.add(CopyState.self)
        book.add(PluginSchemaState.self)
        book.add(TakeCopyAway.self)
        book.add(WatchProgress.self)
        book.add(WatchFindings.self)
        book.add(ChangeThrottle.self)
        book.add(HoldCopy.self)
        book.add(CaptureAnew.self)
        book.add(OutageEstimate.self)
        book.add(SwitchWiring.self)
        book.add(WiringTrial.self)
        book.add(WireState.self)
        book.add(StoreLag.self)
        book.add(BeginSampling.self)
        book.add(SamplesSince.self)
        book.add(ListExceptions.self)
        book.add(ListConflicts.self)
        book.add(SettleConflict.self)
        book.add(SettleTwin.self)
        book.add(PurgeKept.self)
        book.add(AccessChange.self)
        book.add(AccessPairs.self)
        book.add(CompareStores.self)
        book.add(DiffStores.self)
        book.add(DiffPage.self)
        book.add(ReadChanges.self)
        book.add(RepairStores.self)
        book.add(PendingMigrations.self)
        book.add(SwitchServer.self)
        book.add(StrictTrial.self)
        book.add(ServerVersion.self)
        book.add(PutFreeze.self)
        book.add(TakeFreezeAway.self)
        book.add(FreezeTrial.self)
        book.add(LegacyState.self)
        book.add(WriteArchive.self)
        book.add(ArchiveState.self)
        book.add(DeleteArchive.self)
        book.add(HoldTable.self)
        book.add(DropTable.self)
        book.add(BringTableBack.self)
        book.add(DoorsAnswer.self)
        return book
    }()

    // MARK: - Non public

    private static func entry(
        _ kind: StepKind, _ nature: StepCatalog.Nature, _ milestone: String, requires: [StepKind] = [], endedBy: [StepKind] = [],
        settings: [StepCatalog.SettingRule] = [], make: @escaping @Sendable (PlannedStep, Plan) -> AnyStep
    ) -> StepCatalog.Entry {
        .init(kind: kind, nature: nature, milestone: milestone, requires: requires, endedBy: endedBy, settings: settings, make: make)
    }

    private static func window(production seconds: Int) -> [StepCatalog.SettingRule] {
        [
            .init("window", .duration, required: true, productionMinimumSeconds: seconds), .init("sampleEvery", .duration), .init("longestGap", .duration),
        ]
    }

    private static func settings(of kind: StepKind, in plan: Plan) -> Settings {
        plan.steps.first { $0.spec.kind == kind }?.spec.settings ?? Settings()
    }

    private static func sidecar(_ plan: Plan) -> Sidecar {
        let settings = settings(of: "sidecar.start", in: plan)
        return Sidecar(program: settings.text("program") ?? "", listen: settings.text("listen") ?? "", healthSeconds: settings.seconds("healthWithin") ?? 30)
    }

    private static func vault(_ plan: Plan) -> Vault {
        let settings = settings(of: "legacy.archive", in: plan)
        return Vault(to: settings.text("to") ?? "", key: settings.text("key") ?? "")
    }

    /// What agents are expected to do to v2 once v1 is frozen.
    static func changeLimits(_ plan: Plan) -> ChangesSince.Limits {
        let settings = settings(of: "legacy.freeze", in: plan)
        var limits = ChangesSince.Limits()
        limits.bulkForget = settings.int("bulkForget") ?? limits.bulkForget
        limits.roles = settings.list("pluginRoles").compactMap { if case .text(let role) = $0 { role } else { nil } }
        return limits
    }

    private static func sampled(_ kind: SamplingProfile.Kind, _ step: PlannedStep, _ plan: Plan) -> SampledWait {
        let settings = step.spec.settings
        let every = settings.seconds("sampleEvery") ?? 900
        return SampledWait(
            kind: kind, sidecar: sidecar(plan), windowSeconds: settings.seconds("window") ?? 30 * 86_400, everySeconds: every,
            longestGapSeconds: settings.seconds("longestGap") ?? every * 8, limits: kind == .soak ? changeLimits(plan) : nil)
    }

    /// Stated where they are judged, and needed from the copy on.
    private static func rules(_ plan: Plan) -> [String: ExceptionRule] {
        settings(of: "backfill.verify", in: plan).map("exceptions").compactMapValues(ExceptionRule.init)
    }

    private static func blockers(_ step: PlannedStep) -> [String] {
        step.spec.settings.list("blockers").compactMap { blocker in
            if case .map(let fields) = blocker, case .text(let name)? = fields["name"] { name } else { nil }
        }
    }
}
