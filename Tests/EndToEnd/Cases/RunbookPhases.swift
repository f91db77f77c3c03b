import Foundation

/// The first tenant, through the plan as the phases' pages say.
enum RunbookPhases {
    private static let tenant = "acme"
    private static let both = ["PERSON": ["lead-1", "lead-2"]]

    static let scenes: [Runbooks.Scene] = [
        Runbooks.Scene("nothing has begun", tenant) { stage, walk in try await walk(stage, [:], [:]) },
        Runbooks.Scene("before A0", tenant) { stage, walk in try await walk(stage, [:], [:]) },
        Runbooks.Scene("before A1", tenant) { stage, walk in
            try await stage.forward(tenant, to: "A0/sidecar.start")
            try await walk(stage, [:], [:])
        },
        Runbooks.Scene("before A2", tenant) { stage, walk in
            try await stage.forward(tenant, to: "A1/shadow.watch")
            let listed = try await stage.exceptions(tenant).exceptions.filter { !$0.carried }.map(\.reason)
            try expect(!listed.isEmpty, "the lab has no memory that can't be moved, and nothing to sign")
            try await walk(stage, ["REASON": Array(Set(listed)).sorted()], [:])
        },
        Runbooks.Scene("before A3", tenant) { stage, walk in
            try await stage.forward(tenant, to: "A2/backfill.verify")
            try await walk(stage, both, [:])
            let found = try await stage.status(of: tenant)
            try expect(found.state == "done", "at the end of the phases' pages \(tenant) is \(found.state) at \(found.place)")
        },
    ]
}
