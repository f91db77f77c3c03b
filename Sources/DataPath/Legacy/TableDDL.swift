/// How to make a table again, as the catalogue described it. Statements hold `{table}` and `{schema}` where the table's own stood.
struct TableDDL: Sendable, Equatable, Codable {
    struct Column: Sendable, Equatable, Codable {
        var name: String
        var type: String
        /// Empty, or `NOT NULL`, with the constraint's name where the server knows one.
        var notNull: String
        var defaultExpression: String?
        /// `STORED`, `VIRTUAL`, or nil.
        var generated: String?
        /// `ALWAYS` or `BY DEFAULT`.
        var identity: String?
        var collation: String?
    }
    struct Constraint: Sendable, Equatable, Codable {
        var name: String
        var definition: String
    }
    /// A sequence that a column owns: it goes with the table.
    struct OwnedSequence: Sendable, Equatable, Codable {
        var name: TableName
        var column: String
        /// Start, increment, bounds, cache and cycle; the type as well, where no identity column gives it.
        var options: String
        var isIdentity: Bool
        var lastValue: Int
        var isCalled: Bool
        /// Grants and comments.
        var dress: [String]
    }

    var columns: [Column]
    var unlogged: Bool
    var tablespace: String?
    var sequences: [OwnedSequence]
    var constraints: [Constraint]
    /// `CREATE INDEX` statements of indexes no constraint brings with it.
    var indexes: [String]
    /// Settings of table, columns and indexes, row security and policies, rules, triggers and comments; ours are left out.
    var dress: [String]
    var owner: String
    /// Nothing when the rights are those that every new table of its owner has.
    var rights: [String]
    /// Publications that name the table.
    var publications: [String]
    /// Off while frozen; `unfreeze` puts them back.
    var foreignKeys: [Constraint]

    /// `CREATE TABLE` with columns only: rows load faster before indexes and checks.
    func createTable(_ table: TableName, ownNames: Bool) -> String {
        let lines = columns.map { column in
            var line = "\(quoted(column.name)) \(column.type)"
            if let collation = column.collation { line += " COLLATE \(collation)" }
            if let generated = column.generated {
                line += " GENERATED ALWAYS AS (\(column.defaultExpression ?? "NULL")) \(generated)"
            } else if let expression = column.defaultExpression {
                line += " DEFAULT \(expression)"
            }
            if let identity = column.identity, let sequence = sequences.first(where: { $0.column == column.name && $0.isIdentity }) {
                line += " GENERATED \(identity) AS IDENTITY (\(ownNames ? "SEQUENCE NAME \(sequence.name.sql) " : "")\(sequence.options))"
            }
            return column.notNull.isEmpty ? line : "\(line) \(column.notNull)"
        }
        let place = tablespace.map { " TABLESPACE \(quoted($0))" } ?? ""
        return "CREATE \(unlogged ? "UNLOGGED " : "")TABLE \(table.sql) (\n    \(lines.joined(separator: ",\n    ")))\(place)"
    }

    /// Before the table: sequences that defaults draw from. Identity columns bring their own.
    var createSequences: [String] {
        sequences.filter { !$0.isIdentity }.map { "CREATE SEQUENCE \($0.name.sql) \($0.options)" }
    }

    /// What keeps rows in order: constraints without foreign keys, and indexes.
    func afterLoad(_ table: TableName) -> [String] {
        constraints.map { "ALTER TABLE \(table.sql) ADD CONSTRAINT \(quoted($0.name)) \($0.definition)" } + indexes.map { placed($0, table) }
    }

    /// What the platform hung on it, as far as a table of another name can have it as well.
    func settle(_ table: TableName) -> [String] { dress.map { placed($0, table) } }

    /// What only the table itself can have: its sequences with their values, its owner, the rights, the publications.
    func claim(_ table: TableName) -> [String] {
        let values = sequences.flatMap { sequence in
            (sequence.isIdentity ? [] : ["ALTER SEQUENCE \(sequence.name.sql) OWNED BY \(table.sql).\(quoted(sequence.column))"])
                + ["SELECT setval(\(literal(sequence.name.sql)), \(sequence.lastValue), \(sequence.isCalled))"]
        }
        // Whoever grants is the owner, so the owner comes first. Default privileges of the schema gave the new table what the old had not.
        return values + ["ALTER TABLE \(table.sql) OWNER TO \(quoted(owner))", placed(Self.withoutRights, table)] + rights.map { placed($0, table) }
            + sequences.flatMap(\.dress) + publications.map { placed($0, table) }
    }

    private func placed(_ statement: String, _ table: TableName) -> String {
        statement.replacing("{table}", with: table.sql).replacing("{schema}", with: quoted(table.schema))
    }

    private static let withoutRights = """
        DO $do$ DECLARE held record; BEGIN
            FOR held IN SELECT DISTINCT CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END AS name
                FROM pg_class c, aclexplode(c.relacl) g WHERE c.oid = '{table}'::regclass AND g.grantee <> c.relowner
            LOOP EXECUTE 'REVOKE ALL ON {table} FROM ' || held.name; END LOOP;
        END $do$
        """
}
