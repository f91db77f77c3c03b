import Foundation

/// The table was dropped a day after the switch, and what the platform's down migration put in its place was empty.
enum DroppedNextDay {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(agents: false)
        try await refusedByLint(stage)
        try byHand(try stage.database())
        let plan = try stage.file("patient.yaml", try String(contentsOfFile: stage.places.plan, encoding: .utf8).replacing("window: 8s", with: "window: 25s"))
        let patient: [String: String?] = ["CUTOVER_PLAN": plan]
        try await stage.forward("advance", "acme", "--to", "A3/legacy.archive", changing: patient)
        let database = try stage.database()
        let (frozen, rows) = ("SELECT count(*) FROM cutover.frozen", "SELECT count(*) FROM public.agent_memories WHERE content NOT LIKE 'cutover-probe%'")
        let before = try database.number(frozen)

        // Whoever wants it dropped today can sign as much as he likes.
        for lead in ["lead-1", "lead-2"] {
            try await stage.ctl("approve", "acme", "A3/legacy.drop", "--as", lead, "--reason", "it is empty anyway", changing: patient)
        }
        try await stage.ctl("advance", "acme", "--to", "A3/legacy.drop", code: 3, changing: patient)
        try expect(!(try await stage.verified(changing: patient).contains("A3/soak.wait")), "the soak ended before its time")
        try expect(try database.number("SELECT count(*) FROM pg_class WHERE relname = 'agent_memories' OR relname LIKE '\\_cutover\\_hold%'") == 1, "v1 is away")
        try expect(try database.number("SELECT count(*) FROM pg_class WHERE relname = 'agent_memories'") == 1, "v1 lost its name")

        try await stage.forward("run", changing: patient)
        try expect(try await stage.status(of: "acme", changing: patient).milestone == "drop table", "the drop was not reached when its time had come")
        // What the platform's down migration makes is no table that came back.
        try database.rows(downMigration)
        try await stage.ctl("check", "acme", code: 2, changing: patient)
        try await stage.ctl("revert", "acme", "--to", "A3/soak.wait", "--reason", "too early", "--confirm", "acme", code: 0, changing: patient)
        let back = try database.number(rows)
        try expect(back == before, "\(back) of \(before) rows came back")
        try expect(
            try database.number("SELECT count(*) FROM pg_attribute WHERE attrelid = 'public.agent_memories'::regclass AND attgenerated = 's'") == 1,
            "the empty table stands in the old one's place")
        try await stage.ctl("revert", "acme", "--to", "start", "--reason", "the customer asked for it", "--confirm", "acme", code: 0, changing: patient)
        try await stage.referee("v1", "acme")
    }

    private static let downMigration = """
        CREATE TABLE public.agent_memories (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), workspace_id uuid NOT NULL, content text NOT NULL,
            scope varchar NOT NULL DEFAULT 'LOCAL', namespace varchar NOT NULL DEFAULT 'general', content_tsv tsvector,
            created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now())
        """

    /// Dropped when nothing has proven that v2 has it all, and "restored": no memory comes back. The transaction is not kept.
    private static func byHand(_ database: Database) throws {
        let before = try database.number("SELECT count(*) FROM public.agent_memories")
        try database.rows("BEGIN")
        try database.rows("DROP TABLE public.agent_memories")
        try database.rows(downMigration)
        let after = try database.number("SELECT count(*) FROM public.agent_memories")
        try database.rows("ROLLBACK")
        try expect(before > 0 && after == 0, "of \(before) memories \(after) came back by the down migration")
    }

    /// Where production tenants are selected, a soak of one day is no plan.
    private static func refusedByLint(_ stage: Stage) async throws {
        let text = try String(contentsOfFile: "\(stage.places.repository)/Plans/memory-ssot.yaml", encoding: .utf8)
        let hasty = try stage.file("hasty.yaml", text.replacing("window: 30d", with: "window: 1d"))
        let ended = try await stage.ctl("lint", hasty, code: 1)
        try expect(ended.said.contains("at least 30d"), "lint does not name the soak: \(ended.said)")
    }
}
