import Cutover

/// A catalogue with the shape of the real one, for tests that judge plans and never carry one out.
enum SampleCatalog {
    typealias Rule = StepCatalog.SettingRule

    private static let throttle: [Rule] = [
        Rule("connections", .int), Rule("replicationLag", .shortDuration), Rule("doorP95", .shortDuration), Rule("nice", .ratio), Rule("pauseFile", .text),
    ]

    static let catalog = StepCatalog(
        [
            entry("host.prepare", .reversible, [Rule("minFreeMiB", .int)]),
            entry(
                "sidecar.start", .reversible,
                [Rule("program", .text, required: true), Rule("listen", .text, required: true), Rule("healthWithin", .duration), Rule("books", .text)],
                requires: ["host.prepare"]),
            entry("mirror.install", .reversible, [], requires: ["sidecar.start"]),
            entry(
                "backfill.copy", .reversible,
                [
                    Rule("chunkRows", .int), Rule("ranges", .int), Rule("within", .duration), Rule("throttle", .section(throttle)), Rule("table", .text),
                    Rule("lane", .oneOf(["sql", "http"])),
                ], requires: ["mirror.install"]),
            entry(
                "env.wire", .reversible, [Rule("drainBelow", .int), Rule("stopWithin", .duration), Rule("quiesceWithin", .duration)],
                requires: ["backfill.copy"]),
            entry("shadow.watch", .wait, window(), requires: ["env.wire"]),
            entry("backfill.verify", .wait, [Rule("exceptions", .map)], requires: ["backfill.copy"]),
            entry(
                "fallback.remove", .reversible,
                [Rule("server", .text, required: true), Rule("stopWithin", .duration), Rule("quiesceWithin", .duration)],
                requires: ["backfill.verify"]),
            entry(
                "legacy.freeze", .reversible, [Rule("quiesceWithin", .duration), Rule("bulkForget", .int), Rule("pluginRoles", .list)],
                requires: ["fallback.remove"]),
            entry(
                "legacy.archive", .reversible,
                [
                    Rule("to", .text, required: true), Rule("key", .text), Rule("recipients", .list), Rule("opens", .text), Rule("onHost", .text), Rule("s3", .map),
                ],
                requires: ["legacy.freeze"]),
            entry("soak.wait", .wait, window(productionMinimum: 30 * 86_400), requires: ["legacy.freeze"]),
            entry(
                "legacy.drop", .reversible, [Rule("grace", .duration, required: true), Rule("blockers", .list)],
                requires: ["soak.wait", "legacy.archive"]),
            entry("archive.purge", .irreversible, [Rule("keepFor", .duration, required: true)], requires: ["legacy.drop"]),
        ],
        decisions: [
            .init("topology", supported: ["sidecar"], known: ["central"]),
            .init("pluginDatabase", supported: ["same-instance-schema", "separate"], known: []),
            .init("runningTenants", supported: ["inject"], known: ["recycle"]),
        ])

    private static func window(productionMinimum: Int? = nil) -> [Rule] {
        [
            Rule("window", .duration, required: true, productionMinimumSeconds: productionMinimum), Rule("sampleEvery", .duration),
            Rule("longestGap", .duration),
        ]
    }

    private static func entry(
        _ kind: StepKind, _ nature: StepCatalog.Nature, _ settings: [Rule], requires: [StepKind] = []
    ) -> StepCatalog.Entry {
        .init(kind: kind, nature: nature, milestone: "", requires: requires, settings: settings) { _, _ in
            switch nature {
            case .wait: .wait(NoStep())
            case .irreversible: .irreversible(NoStep())
            case .reversible, .graceful: .reversible(NoStep())
            }
        }
    }
}

/// Every form of a step in one.
struct NoStep: GracefulStep, Wait, IrreversibleStep {
    let graceSeconds = 0
    var preconditions: [Gate] { [] }
    var wayBack: [Gate] { [] }
    func preview(_ sight: Sight) async throws(StepFailure) -> Preview { Preview(commands: []) }
    func verify(_ sight: Sight) async throws(StepFailure) -> Finding { .absent(Evidence()) }
    func perform(_ site: Site) async throws(StepFailure) -> Evidence { Evidence() }
    func perform(_ site: Site, with consent: Consent) async throws(StepFailure) -> Evidence { Evidence() }
    func setAside(_ site: Site) async throws(StepFailure) -> Evidence { Evidence() }
    func tend(_ site: Site, began: OperationID) async throws(StepFailure) -> Evidence { Evidence() }
    func observe(_ sight: Sight, began: OperationID) async -> Observation { Observation(.open(Evidence())) }
    func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence { Evidence() }
}
