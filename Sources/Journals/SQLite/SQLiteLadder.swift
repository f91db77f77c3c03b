/// The tables of a SQLite journal. What has been written can't be changed by a statement: triggers abort it.
/// They keep honest hands from slipping; the hash chain is what shows a hand that drops them first.
enum SQLiteLadder {
    static let ladder = SchemaLadder(rungs: [SchemaLadder.Rung(version: 1, up: first, down: []), SchemaLadder.Rung(version: 2, up: second, down: backFromSecond)])
    /// "Cut0" in the file's header: tells a journal from any other SQLite database.
    static let applicationID = 0x4375_7430

    /// As the first release made it.
    private static let first = [
        "CREATE TABLE meta (identity TEXT NOT NULL, schema INTEGER NOT NULL) STRICT",
        """
        CREATE TABLE events (
            position INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, revision INTEGER NOT NULL, at TEXT NOT NULL,
            by TEXT NOT NULL, fence INTEGER NOT NULL, kind TEXT NOT NULL, step TEXT, facts TEXT NOT NULL,
            previous TEXT NOT NULL, hash TEXT NOT NULL, UNIQUE (stream, revision)) STRICT
        """,
        "CREATE TABLE heads (stream TEXT PRIMARY KEY, revision INTEGER NOT NULL, hash TEXT NOT NULL) STRICT, WITHOUT ROWID",
        "CREATE TABLE leases (stream TEXT PRIMARY KEY, holder TEXT, fence INTEGER NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        "CREATE TABLE statuses (tenant TEXT PRIMARY KEY, status TEXT NOT NULL) STRICT, WITHOUT ROWID",
        abort("meta_insert", "INSERT ON meta WHEN EXISTS (SELECT 1 FROM meta)", "a journal has one identity"),
        abort("meta_update", "UPDATE ON meta", "a journal's identity never changes"),
        abort("meta_delete", "DELETE ON meta", "a journal's identity never changes"),
        abort("events_update", "UPDATE ON events", "events are append-only"),
        abort("events_delete", "DELETE ON events", "events are append-only"),
        // INSERT OR REPLACE deletes without firing a DELETE trigger, so the insert itself has to be refused.
        abort(
            "events_insert",
            """
            INSERT ON events
            WHEN NEW.revision <> 1 + coalesce((SELECT max(revision) FROM events WHERE stream = NEW.stream), 0)
              OR EXISTS (SELECT 1 FROM events WHERE position = NEW.position)
            """, "events are append-only"),
        abort("heads_update", "UPDATE ON heads WHEN NEW.revision <= OLD.revision OR NEW.stream <> OLD.stream", "a head only moves on"),
        abort("heads_delete", "DELETE ON heads", "a head only moves on"),
    ]

    /// A journal can go from one schema to another, and keeps a record of which build took it there.
    private static let second = [
        "DROP TRIGGER meta_update",
        abort("meta_update", "UPDATE ON meta WHEN NEW.identity <> OLD.identity", "a journal's identity never changes"),
        """
        CREATE TABLE upgrades (
            number INTEGER PRIMARY KEY AUTOINCREMENT, from_schema INTEGER NOT NULL, to_schema INTEGER NOT NULL, program TEXT NOT NULL) STRICT
        """,
        abort("upgrades_update", "UPDATE ON upgrades", "a journal's schemas are on record"),
        abort("upgrades_delete", "DELETE ON upgrades", "a journal's schemas are on record"),
    ]

    private static let backFromSecond = [
        "DROP TABLE upgrades", "DROP TRIGGER meta_update", abort("meta_update", "UPDATE ON meta", "a journal's identity never changes"),
    ]

    private static func abort(_ name: String, _ when: String, _ why: String) -> String {
        "CREATE TRIGGER \(name) BEFORE \(when) BEGIN SELECT RAISE(ABORT, '\(why.replacing("'", with: "''"))'); END"
    }
}
