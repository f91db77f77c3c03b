import Foundation

/// Rows that v2 can't hold are named, one by one, and keep the parity gate shut until a person has signed exactly them.
enum SkippedRows {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(tenants: 2)
        try await withoutSignatures(stage)
        let unsigned = Self.unsigned
        let shut = try await stage.forward("advance", "acme", "--to", "A2/backfill.verify", "--wait", signing: unsigned)
        try expect(shut.code == 3, "with unsigned exceptions `advance` ended with \(shut.code)")
        try await stage.lab("agents", "--root", stage.root, "pause", "acme")
        try await everyRowIsListed(stage)

        for reason in try await stage.exceptions().counts.keys.sorted() {
            let before = try await stage.ctl("advance", "acme", "--to", "A2/backfill.verify", code: 3)
            try expect(before.out.contains("not signed"), "with \(reason) unsigned it says: \(before.said)")
            try await stage.ctl("approve", "acme", "--exceptions", reason, "--reason", "nobody needs them", code: 0)
        }
        try await oneMoreShutsItAgain(stage)
        try await anotherInsteadShutsItAgain(stage)
        try await stage.ctl("advance", "acme", "--to", "A2/backfill.verify", code: 0)
        try expect(try await stage.verified().last == "A2/backfill.verify", "signed, and yet not verified")
    }

    private static let unsigned: @Sendable (String) -> Bool = { !$0.contains("--exceptions") }

    /// As it was with the hand tool: a plan lets pass whatever was skipped, all is green, and the drop is the end of those memories.
    private static func withoutSignatures(_ stage: Stage) async throws {
        let text = try String(contentsOfFile: stage.places.plan, encoding: .utf8).replacing(": sign ", with: ": pass ")
        let careless: [String: String?] = ["CUTOVER_PLAN": try stage.file("careless.yaml", text)]
        let green = try await stage.forward("advance", "globex", "--to", "A2/backfill.verify", "--wait", tenants: ["globex"], changing: careless, signing: unsigned)
        try expect(green.code == 0, "what was skipped passes, and `advance` ended with \(green.code): \(green.said)")
        try await stage.lab("agents", "--root", stage.root, "pause", "globex")
        let database = try stage.database("globex")
        let behind = try database.number("SELECT count(*) FROM public.agent_memories WHERE id NOT IN (SELECT id FROM memory_plugin.memory_records)")
        try database.rows("DROP TABLE public.agent_memories CASCADE")
        let ended = try await stage.start("cutover-lab", ["referee", "--root", stage.root, "--store", "v2", "--json", "globex"]).ended()
        let lost = try ended.answer(RefereeAnswer.self).tenants.first?.lost.count ?? 0
        try expect(behind > 0 && lost > 0, "nobody signed for \(behind) skipped rows, v1 is gone, and the referee misses \(lost)")
    }

    /// The list holds each v1 row that v2 does not have, with a reason, and nothing else.
    private static func everyRowIsListed(_ stage: Stage) async throws {
        let database = try stage.database()
        let left = "SELECT id::text FROM public.agent_memories m WHERE NOT EXISTS (SELECT FROM memory_plugin.memory_records r WHERE r.id = m.id) ORDER BY 1"
        let (behind, listed) = try await eventually("the stores come to rest", within: 10) { () -> (Set<String>, Set<String>)? in
            let (behind, listed) = (Set(try database.texts(left)), Set(try await stage.exceptions().exceptions.filter { $0.side == 1 && !$0.carried }.map(\.id)))
            return behind == listed ? (behind, listed) : nil
        }
        // By hand the tool exited with 0 at this point, and the drop of v1 would have been the end of them.
        try expect(!behind.isEmpty && behind == listed, "\(behind.count) rows stayed behind, \(listed.count) are listed")
        let list = try await stage.exceptions()
        try expect(list.exceptions.allSatisfy { !$0.reason.isEmpty }, "a row is listed without a reason")
        for reason in ["global-of-non-root", "blank-content"] {
            try expect(list.counts[reason] ?? 0 > 0, "the lab has rows that are \(reason), and none is listed: \(list.counts)")
        }
        let ids = Set(try await stage.ctl("exceptions", "acme", "--ids", code: 0).out.split(separator: "\n").map(String.init))
        try expect(ids.isSuperset(of: listed), "--ids leaves some out")
    }

    private static func oneMoreShutsItAgain(_ stage: Stage) async throws {
        try stage.database().rows(insertion)
        try await signedOnlyByThoseWhoSaw(stage, "one more row")
    }

    /// As many as were signed, but not the same.
    private static func anotherInsteadShutsItAgain(_ stage: Stage) async throws {
        let list = try await stage.exceptions()
        guard let gone = list.exceptions.first(where: { $0.reason == "global-of-non-root" }) else { throw Trouble("no row is global-of-non-root") }
        let database = try stage.database()
        try database.rows("DELETE FROM public.agent_memories WHERE id = '\(gone.id)'")
        try database.rows(insertion)
        _ = try await eventually("the watch sees it", within: 10) { try await !stage.exceptions().exceptions.contains { $0.id == gone.id } ? true : nil }
        try await signedOnlyByThoseWhoSaw(stage, "another row instead")
    }

    private static func signedOnlyByThoseWhoSaw(_ stage: Stage, _ what: String) async throws {
        _ = try await eventually("\(what) is listed", within: 10) {
            let excepted = try stage.database().number("SELECT count(*) FROM cutover.exceptions WHERE closed IS NULL AND id NOT IN (SELECT id FROM memory_plugin.memory_records)")
            let behind = try stage.database().number("SELECT count(*) FROM public.agent_memories WHERE id NOT IN (SELECT id FROM memory_plugin.memory_records)")
            return excepted == behind ? true : nil
        }
        let shut = try await stage.ctl("advance", "acme", "--to", "A2/backfill.verify")
        try expect(shut.code == 3, "\(what) was excepted after the signature, and `advance` ended with \(shut.code): \(shut.said)")
        let why = try await stage.why()
        try expect(why.next.contains("--exceptions global-of-non-root"), "for \(what) why says: \(why.answer), next \(why.next)")
        try await stage.ctl("approve", "acme", "--exceptions", "global-of-non-root", "--reason", "seen as well", code: 0)
    }

    /// A GLOBAL memory of a workspace that has a parent, which v2 has no place for.
    private static let insertion = """
        INSERT INTO public.agent_memories (workspace_id, content, scope)
        SELECT w.id, 'written after the signature', 'GLOBAL' FROM public.workspaces w JOIN public.workspaces p ON p.id = w.parent_id
        WHERE p.parent_id IS NULL ORDER BY w.id LIMIT 1
        """
}
