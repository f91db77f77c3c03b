public import Cutover
import DataPath
public import Host

/// The steps of the memory migration, and the host operations behind them.
public enum MemoryCatalog {
    public static let catalog = StepCatalog(
        [
            entry("host.prepare", .reversible, "sidecar up", settings: [.init("minFreeMiB", .int)]) { step, plan in
                .reversible(PrepareHost(minFreeMiB: step.spec.settings.int("minFreeMiB") ?? 256, tables: LegacyTable.of(plan)))
            },
            entry(
                "sidecar.start", .reversible, "sidecar up", requires: ["host.prepare"],
                settings: [
                    .init("program", .text), .init("image", .text), .init("runtime", .text), .init("options", .list), .init("listen", .text), .init("url", .text),
                    .init("healthWithin", .duration), .init("books", .text),
                ]
            ) { step, plan in .reversible(StartSidecar(sidecar: sidecar(plan), books: step.spec.settings.text("books").map(ControlPlane.init))) },
            entry(
                "mirror.install", .reversible, "env wired", requires: ["sidecar.start"], endedBy: ["legacy.drop"],
                settings: [table, .init("logRows", .int), .init("logMiB", .int)]
            ) { step, plan in
                let (rows, size) = (step.spec.settings.int("logRows"), step.spec.settings.int("logMiB"))
                return .reversible(
                    InstallMirror(
                        sidecar: sidecar(plan), lane: lane(plan, LegacyTable(step.spec)),
                        bound: LogBound(entries: rows ?? LogBound().entries, mebibytes: size ?? LogBound().mebibytes), table: LegacyTable(step.spec)))
            },
            entry(
                "backfill.copy", .reversible, "env wired", requires: ["mirror.install"], endedBy: ["legacy.freeze"],
                settings: [
                    table, kind, .init("chunkRows", .int), .init("ranges", .int), .init("within", .duration), .init("throttle", .section(ThrottleSettings.rules)),
                    .init("lane", .oneOf(["sql", "http"])), .init("accepts", .list), .init("connections", .int), .init("timeout", .duration),
                    .init("lateWindow", .duration),
                ]
            ) { step, plan in
                let settings = step.spec.settings
                return .reversible(
                    CopyRows(
                        chunkRows: settings.int("chunkRows"), ranges: max(1, settings.int("ranges") ?? 1),
                        withinSeconds: settings.seconds("within") ?? 3600, rules: rules(plan, LegacyTable(step.spec)), lane: lane(plan, LegacyTable(step.spec)),
                        sidecar: sidecar(plan), limits: ThrottleSettings.limits(Settings(settings.map("throttle"))), table: LegacyTable(step.spec)))
            },
            entry(
                "env.wire", .reversible, "env wired", requires: ["backfill.copy"], exposure: .begins,
                settings: [.init("drainBelow", .int), .init("stopWithin", .duration), .init("quiesceWithin", .duration)]
            ) { step, plan in
                .reversible(
                    WireServer(
                        sidecar: sidecar(plan), drainBelow: step.spec.settings.int("drainBelow") ?? 100,
                        stopSeconds: step.spec.settings.seconds("stopWithin") ?? 10, quiesceSeconds: step.spec.settings.seconds("quiesceWithin") ?? 30,
                        lane: lane(plan)))
            },
            entry("shadow.watch", .wait, "shadow clean", requires: ["env.wire"], settings: window(production: 86_400), variants: [keyValues(["backfill.copy"])]) { step, plan in
                .wait(sampled(.shadow, step, plan))
            },
            entry(
                "backfill.verify", .wait, "backfill verified", requires: ["env.wire"], exposure: .ends, settings: [table, .init("exceptions", .map)],
                variants: [keyValues(["backfill.copy"])]
            ) { step, plan in
                let table = LegacyTable(step.spec)
                return .wait(VerifyParity(rules: rules(plan, table), lane: lane(plan, table), table: table, limits: changeLimits(plan, table)))
            },
            entry(
                "fallback.remove", .reversible, "fallback removed", requires: ["backfill.verify"],
                settings: [
                    .init("server", .text), .init("image", .text), .init("migrations", .text), .init("stopWithin", .duration), .init("quiesceWithin", .duration),
                ]
            ) { step, plan in
                let settings = step.spec.settings
                return .reversible(
                    RemoveFallback(
                        server: release(plan), migrations: settings.text("migrations"), stopSeconds: settings.seconds("stopWithin") ?? 10,
                        quiesceSeconds: settings.seconds("quiesceWithin") ?? 30, lane: lane(plan)))
            },
            entry(
                "legacy.freeze", .reversible, "fallback removed", requires: ["fallback.remove", "backfill.verify"], endedBy: ["legacy.drop"],
                settings: [table, .init("quiesceWithin", .duration), .init("bulkForget", .int), .init("pluginRoles", .list)],
                variants: [keyValues(["backfill.verify"])]
            ) { step, plan in
                .reversible(
                    FreezeLegacy(
                        server: release(plan),
                        quiesceSeconds: step.spec.settings.seconds("quiesceWithin") ?? 60, lane: lane(plan, LegacyTable(step.spec)), table: LegacyTable(step.spec),
                        limits: changeLimits(plan, LegacyTable(step.spec)), rules: rules(plan, LegacyTable(step.spec))))
            },
            entry(
                "legacy.archive", .reversible, "30-day gate", requires: ["legacy.freeze"], endedBy: ["archive.purge"],
                settings: [
                    table, .init("to", .text, required: true), .init("key", .text), .init("recipients", .list), .init("opens", .text), .init("onHost", .text),
                    .init("s3", .map),
                ]
            ) { step, plan in .reversible(ArchiveLegacy(vault: vault(plan, LegacyTable(step.spec)), table: LegacyTable(step.spec))) },
            entry("soak.wait", .wait, "30-day gate", requires: ["legacy.freeze"], settings: window(production: 30 * 86_400)) { step, plan in
                .wait(sampled(.soak, step, plan))
            },
            entry(
                "legacy.drop", .graceful, "drop table", requires: ["soak.wait", "legacy.archive"],
                settings: [table, .init("grace", .duration, required: true), .init("blockers", .list)]
            ) { step, plan in
                .reversible(
                    DropLegacy(
                        graceSeconds: step.spec.settings.seconds("grace") ?? 0, blockers: blockers(step), vault: vault(plan, LegacyTable(step.spec)),
                        lane: lane(plan, LegacyTable(step.spec)), table: LegacyTable(step.spec), limits: changeLimits(plan, LegacyTable(step.spec)),
                        rules: rules(plan, LegacyTable(step.spec))))
            },
            entry("archive.purge", .irreversible, "", requires: ["legacy.drop"], settings: [table, .init("keepFor", .duration, required: true)]) { step, plan in
                .irreversible(
                    PurgeArchive(
                        keepSeconds: step.spec.settings.seconds("keepFor") ?? 0, vault: vault(plan, LegacyTable(step.spec)), table: LegacyTable(step.spec),
                        madeBy: plan.steps.first { $0.spec.kind == "legacy.archive" && LegacyTable($0.spec) == LegacyTable(step.spec) }?.id))
            },
        ],
        decisions: [
            .init("topology", supported: ["sidecar", "central"]),
            .init("pluginDatabase", supported: ["same-instance-schema", "separate"], known: []),
            .init("runningTenants", supported: ["inject"], known: ["recycle"]),
        ], always: [HostVeto.gate])

    /// Everything that can be asked of a tenant's host.
    public static let hostOperations: HostOperationBook = {
        var book = HostOperationBook()
        book.keep(DatabaseTally())
        book.add(LeaveBehind.self)
        book.add(ReadVeto.self)
        book.add(HostChecks.self)
        book.add(StartWatch.self)
        book.add(LeaveHost.self)
        book.add(SidecarSurroundings.self)
        book.add(TenantKeys.self)
        book.add(KnownKeys.self)
        book.add(RunSidecar.self)
        book.add(SidecarTrial.self)
        book.add(SidecarState.self)
        book.add(RemoveSidecar.self)
        book.add(ResourceState.self)
        book.add(NoteResource.self)
        book.add(ListInstances.self)
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
        book.add(SamplingUnderWay.self)
        book.add(ListExceptions.self)
        book.add(ListConflicts.self)
        book.add(SettleConflict.self)
        book.add(SettleTwin.self)
        book.add(SettleChanged.self)
        book.add(PurgeKept.self)
        book.add(AccessChange.self)
        book.add(AccessPairs.self)
        book.add(CompareStores.self)
        book.add(ListChanged.self)
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
        book.add(ArchivePlaceState.self)
        book.add(LegacyHangers.self)
        book.add(work: WriteArchive.self)
        book.add(work: RehearseArchive.self)
        book.add(ShelfState.self)
        book.add(TakeSlice.self)
        book.add(PieceState.self)
        book.add(PutSlice.self)
        book.add(ShelveObject.self)
        book.add(ClearShelf.self)
        book.add(TouchState.self)
        book.add(ArchiveState.self)
        book.add(DeleteArchive.self)
        book.add(HoldTable.self)
        book.add(DropTable.self)
        book.add(work: BringTableBack.self)
        book.add(DoorsAnswer.self)
        book.add(AskDoors.self)
        book.add(KeyValueDoor.self)
        return book
    }()

    // MARK: - Non public

    private static func entry(
        _ kind: StepKind, _ nature: StepCatalog.Nature, _ milestone: String, requires: [StepKind] = [], endedBy: [StepKind] = [],
        exposure: StepCatalog.Exposure? = nil, settings: [StepCatalog.SettingRule] = [], variants: [StepCatalog.Variant] = [], make: @escaping @Sendable (PlannedStep, Plan) -> AnyStep
    ) -> StepCatalog.Entry {
        .init(
            kind: kind, nature: nature, milestone: milestone, requires: requires, endedBy: endedBy, exposure: exposure, settings: settings,
            variants: variants, make: make)
    }

    /// Which old table the step is about; the memories when it is not said.
    private static let table = StepCatalog.SettingRule("table", .oneOf(LegacyTable.allCases.map(\.rawValue)))

    /// What keys and values are called in v2. The contract has no kind of its own for them, and this is the nearest.
    private static let kind = StepCatalog.SettingRule("kind", .oneOf(["fact"]))

    /// No server is wired and none is replaced for keys and values: their steps stand on fewer others.
    private static func keyValues(_ requires: [StepKind]) -> StepCatalog.Variant { .init("table", LegacyTable.keyValues.rawValue, requires: requires) }

    private static func window(production seconds: Int) -> [StepCatalog.SettingRule] {
        [
            table, .init("window", .duration, required: true, productionMinimumSeconds: seconds), .init("sampleEvery", .duration), .init("longestGap", .duration),
            .init("prometheus", .section([.init("url", .text, required: true), .init("query", .text, required: true), .init("atMost", .ratio), .init("atLeast", .ratio)])),
        ]
    }

    private static func settings(of kind: StepKind, _ table: LegacyTable = .memories, in plan: Plan) -> Settings {
        plan.steps.first { $0.spec.kind == kind && LegacyTable($0.spec) == table }?.spec.settings ?? Settings()
    }

    private static func release(_ plan: Plan) -> ServerRelease {
        let settings = settings(of: "fallback.remove", in: plan)
        return settings.text("image").map { ServerRelease(text: $0, isImage: true) } ?? ServerRelease(text: settings.text("server") ?? "")
    }

    private static func sidecar(_ plan: Plan) -> Sidecar {
        let settings = settings(of: "sidecar.start", in: plan)
        let options = settings.list("options").compactMap { if case .text(let option) = $0 { option } else { nil } }
        let container = settings.text("image").map { ContainerChoice(image: $0, tool: settings.text("runtime"), options: options.isEmpty ? nil : options) }
        return Sidecar(
            program: settings.text("program") ?? "", container: container, url: settings.text("url"), listen: settings.text("listen") ?? "", healthSeconds: settings.seconds("healthWithin") ?? 30,
            hasOwnDatabase: plan.decisions["pluginDatabase"] == "separate" && settings.text("url") == nil)
    }

    private static func vault(_ plan: Plan, _ table: LegacyTable) -> Vault {
        let settings = settings(of: "legacy.archive", table, in: plan)
        func texts(_ values: [String: Setting]) -> [String: String] { values.compactMapValues { if case .text(let text) = $0 { text } else { nil } } }
        var recipients: [String: String] = [:]
        for case .map(let fields) in settings.list("recipients") {
            let recipient = texts(fields)
            if let name = recipient["name"], let key = recipient["key"] { recipients[name] = key }
        }
        return Vault(
            to: settings.text("to") ?? "", key: settings.text("key"), recipients: recipients, opens: settings.text("opens"),
            onHost: settings.text("onHost"), s3: texts(settings.map("s3")))
    }

    /// What agents are expected to do to v2 once v1 is frozen.
    static func changeLimits(_ plan: Plan, _ table: LegacyTable) -> ChangesSince.Limits {
        let settings = settings(of: "legacy.freeze", table, in: plan)
        var limits = ChangesSince.Limits()
        limits.bulkForget = settings.int("bulkForget") ?? limits.bulkForget
        limits.roles = settings.list("pluginRoles").compactMap { if case .text(let role) = $0 { role } else { nil } }
        return limits
    }

    private static func sampled(_ kind: SamplingProfile.Kind, _ step: PlannedStep, _ plan: Plan) -> SampledWait {
        let settings = step.spec.settings
        let every = settings.seconds("sampleEvery") ?? 900
        return SampledWait(
            kind: kind, table: LegacyTable(step.spec), sidecar: sidecar(plan), windowSeconds: settings.seconds("window") ?? 30 * 86_400, everySeconds: every,
            longestGapSeconds: settings.seconds("longestGap") ?? every * 8, limits: kind == .soak ? changeLimits(plan, LegacyTable(step.spec)) : nil, metric: metric(settings))
    }

    private static func metric(_ settings: Settings) -> PrometheusQuery? {
        let asked = Settings(settings.map("prometheus"))
        guard let url = asked.text("url"), let query = asked.text("query") else { return nil }
        return PrometheusQuery(url: url, query: query, atMost: asked.text("atMost").flatMap { Double($0) }, atLeast: asked.text("atLeast").flatMap { Double($0) })
    }

    /// Stated where they are judged, and needed from the copy on.
    private static func rules(_ plan: Plan, _ table: LegacyTable) -> [String: ExceptionRule] {
        settings(of: "backfill.verify", table, in: plan).map("exceptions").compactMapValues(ExceptionRule.init)
    }

    /// Stated where rows are first carried, and needed from the capture on.
    private static func lane(_ plan: Plan, _ table: LegacyTable = .memories) -> LaneChoice {
        let settings = settings(of: "backfill.copy", table, in: plan)
        var choice = LaneChoice()
        choice.lane = settings.text("lane") == "http" ? .http : plan.decisions["pluginDatabase"] == "separate" ? .separate : .sql
        choice.connections = settings.int("connections") ?? choice.connections
        choice.timeoutSeconds = settings.seconds("timeout") ?? choice.timeoutSeconds
        choice.lateSeconds = settings.seconds("lateWindow") ?? choice.lateSeconds
        choice.accepts = settings.list("accepts").compactMap { if case .text(let name) = $0 { name } else { nil } }
        return choice
    }

    private static func blockers(_ step: PlannedStep) -> [ExternalBlocker] {
        step.spec.settings.list("blockers").compactMap { blocker in
            guard case .map(let fields) = blocker, case .text(let name)? = fields["name"] else { return nil }
            guard case .map(let closed)? = fields["closedWhen"] else { return ExternalBlocker(name: name) }
            let asked = Settings(closed)
            var question = ExternalBlocker.Question(url: asked.text("url") ?? "")
            question.field = asked.text("field") ?? question.field
            question.closed = asked.text("is") ?? question.closed
            question.token = asked.text("token").map { String($0.dropFirst("env:".count)) }
            return ExternalBlocker(name: name, question: question)
        }
    }
}
