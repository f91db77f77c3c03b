import Postgres

/// Turns the markers this snapshot sees into entries, one for each row concerned, and deletes exactly those markers.
struct Markers: Sendable {
    let layout: Layout

    static func visible(_ connection: PostgresConnection, _ settings: DataPathSettings) async throws -> Bool {
        try await connection.prepared("SELECT EXISTS (SELECT FROM \(settings.schema).marker) AS some")[0].bool("some")
    }

    /// Returns how many markers there were, and the sides that were truncated. Runs in its caller's transaction.
    func expand(_ connection: PostgresConnection) async throws -> (count: Int, truncated: [Int]) {
        let found = try await connection.query("SELECT n, what, arg, side FROM \(layout.schema).marker ORDER BY n")
        for marker in found {
            switch try marker.string("what") {
            case "truncate":
                try await connection.query(
                    """
                    INSERT INTO \(layout.schema).change_log (id, side, del)
                    SELECT id, $1::smallint, true FROM \(layout.schema).placed WHERE state <> 'gone'
                    """, [.int(try marker.int("side"))])
            default:
                try await connection.query(subtree, [.uuid(try marker.uuid("arg"))])
            }
        }
        if found.contains(where: { (try? $0.string("what")) == "subtree" }) {
            // A new or moved workspace may be what an excepted row was waiting for, on either side.
            try await connection.query(
                "INSERT INTO \(layout.schema).change_log (id, side, del) SELECT id, side, false FROM \(layout.schema).exceptions WHERE closed IS NULL")
        }
        try await connection.query(
            "DELETE FROM \(layout.schema).marker WHERE n = ANY ($1::bigint[])", [.ints(try found.map { try $0.int("n") })])
        return (found.count, try found.filter { try $0.string("what") == "truncate" }.map { try $0.int("side") })
    }

    /// UNION, not UNION ALL: the schema does not forbid a workspace among its own parents.
    private var subtree: String {
        """
        WITH RECURSIVE tree AS (
            SELECT $1::uuid AS id
            UNION SELECT w.id FROM tree t JOIN \(layout.workspaces) w ON w.parent_id = t.id)
        INSERT INTO \(layout.schema).change_log (id, side, del)
        SELECT m.id, 1, false FROM tree t JOIN \(layout.v1) m ON m.workspace_id = t.id
        """
    }
}
