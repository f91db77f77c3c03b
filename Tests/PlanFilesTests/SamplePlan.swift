import Foundation

@testable import PlanFiles

/// A small plan without a flaw, and what becomes of it when one line is written differently.
enum SamplePlan {
    static let text = """
        cutover: 1
        name: sample
        revision: 3
        author: ann
        decisions: { topology: sidecar, pluginDatabase: same-instance-schema, runningTenants: inject }
        approvals: { high: { count: 2, from: [ben, cas, ann], notAuthor: true } }
        phases:
          - id: A0
            steps:
              - { uses: host.prepare, with: { minFreeMiB: 64 } }
              - { uses: sidecar.start, risk: high, with: { program: env:PLUGIN, listen: 127.0.0.1:9101 } }
          - id: A1
            steps:
              - uses: mirror.install
              - uses: backfill.copy
                with: { chunkRows: 500 }
              - uses: env.wire
        rollout:
          atOnce: 10
          exposed: 20
          failureBudget: 1
          stragglers: 2
          waves:
            - { name: canary, select: { env: lab }, count: 1, bake: 90s, after: A0/host.prepare }
            - { name: rest, select: { env: lab } }

        """

    /// The problems after `old` was replaced by `new`.
    static func problems(_ old: String = "", _ new: String = "") -> [Problem] {
        read(old, new).1
    }

    static func read(_ old: String = "", _ new: String = "") -> (plan: Bool, [Problem]) {
        let changed = old.isEmpty ? text : text.replacingOccurrences(of: old, with: new)
        let (plan, problems) = PlanFile.read(text: changed, path: "sample.yaml", catalog: SampleCatalog.catalog)
        return (plan != nil, problems)
    }
}
