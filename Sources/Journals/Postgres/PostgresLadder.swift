/// The tables of a journal in PostgreSQL, in a schema of their own. Triggers refuse what would change the past; they keep honest hands from
/// slipping, and the hash chain shows a hand that drops them first.
enum PostgresLadder {
    static let ladder = SchemaLadder(rungs: [SchemaLadder.Rung(version: 1, up: first, down: [])])

    /// Whoever makes the tables, or changes them, holds this advisory lock: "Cut0" as in the header of a journal's file.
    static let lock = 0x4375_7430

    /// How many counters the events are counted in: one alone would let no two workers commit at the same time.
    static let shards = 16

    private static let first = [
        "CREATE SCHEMA cutover_journal",
        "CREATE TABLE cutover_journal.meta (identity text NOT NULL, schema integer NOT NULL)",
        "CREATE UNIQUE INDEX meta_one ON cutover_journal.meta ((true))",
        // A stream's head and lease are one row: whoever locks it is alone with the stream.
        """
        CREATE TABLE cutover_journal.streams (
            stream text COLLATE "C" PRIMARY KEY, revision bigint NOT NULL DEFAULT 0, hash text NOT NULL DEFAULT '',
            holder text, fence bigint NOT NULL DEFAULT 0, until bigint NOT NULL DEFAULT 0) WITH (fillfactor = 60)
        """,
        """
        CREATE TABLE cutover_journal.events (
            position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stream text COLLATE "C" NOT NULL, revision bigint NOT NULL, at text NOT NULL,
            by text NOT NULL, fence bigint NOT NULL, kind text NOT NULL, step text, facts text NOT NULL, previous text NOT NULL, hash text NOT NULL,
            xid xid8 NOT NULL DEFAULT pg_current_xact_id(), UNIQUE (stream, revision))
        """,
        // In this order they become visible: a transaction that takes its positions early may commit late.
        "CREATE INDEX events_settled ON cutover_journal.events (xid, position)",
        "CREATE TABLE cutover_journal.counts (shard integer PRIMARY KEY, events bigint NOT NULL) WITH (fillfactor = 20)",
        "INSERT INTO cutover_journal.counts SELECT shard, 0 FROM generate_series(0, \(shards - 1)) AS shard",
        "CREATE TABLE cutover_journal.statuses (tenant text COLLATE \"C\" PRIMARY KEY, status text NOT NULL) WITH (fillfactor = 60)",
        """
        CREATE TABLE cutover_journal.upgrades (
            number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, from_schema integer NOT NULL, to_schema integer NOT NULL, program text NOT NULL)
        """,
        """
        CREATE FUNCTION cutover_journal.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation'; END $$
        """,
        refuse("events_changed", "UPDATE OR DELETE OR TRUNCATE ON cutover_journal.events", "events are append-only"),
        refuse("heads_removed", "DELETE OR TRUNCATE ON cutover_journal.streams", "a head only moves on"),
        refuse(
            "heads_moved", "UPDATE ON cutover_journal.streams FOR EACH ROW",
            when: "NEW.stream <> OLD.stream OR NEW.revision < OLD.revision OR NEW.fence < OLD.fence OR (NEW.revision = OLD.revision AND NEW.hash <> OLD.hash)",
            "a head only moves on"),
        refuse("counts_removed", "INSERT OR DELETE OR TRUNCATE ON cutover_journal.counts", "what was counted stays counted"),
        refuse("counts_moved", "UPDATE ON cutover_journal.counts FOR EACH ROW", when: "NEW.shard <> OLD.shard OR NEW.events < OLD.events", "what was counted stays counted"),
        refuse("meta_removed", "DELETE OR TRUNCATE ON cutover_journal.meta", "a journal's identity never changes"),
        refuse("meta_changed", "UPDATE ON cutover_journal.meta FOR EACH ROW", when: "NEW.identity <> OLD.identity", "a journal's identity never changes"),
        refuse("upgrades_changed", "UPDATE OR DELETE OR TRUNCATE ON cutover_journal.upgrades", "a journal's schemas are on record"),
    ]

    private static func refuse(_ name: String, _ event: String, when condition: String? = nil, _ why: String) -> String {
        let clause = condition.map { " WHEN (\($0))" } ?? ""
        return "CREATE TRIGGER \(name) BEFORE \(event)\(clause) EXECUTE FUNCTION cutover_journal.refuse('\(why.replacing("'", with: "''"))')"
    }
}
