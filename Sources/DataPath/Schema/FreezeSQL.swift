/// The trigger that refuses every write to the old table, whoever asks, and counts it: a sequence is the one thing that a refusal does not take back.
struct FreezeSQL: Sendable {
    let schema: String

    init(_ settings: DataPathSettings) { schema = settings.schema }

    var body: String {
        """

        BEGIN
            PERFORM nextval('\(refused)');
            RAISE EXCEPTION 'table %.% is frozen: what it held lives in the plugin now', TG_TABLE_SCHEMA, TG_TABLE_NAME
                USING ERRCODE = '25006', CONSTRAINT = '\(trigger)';
        END

        """
    }

    var function: String {
        """
        CREATE SEQUENCE IF NOT EXISTS \(refused);
        CREATE OR REPLACE FUNCTION \(schema).refuse_write() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$\(body)$f$;
        """
    }

    var trigger: String { "\(schema)_frozen" }
    var refused: String { "\(schema).refused_writes" }

    /// INSERT 4, DELETE 8, UPDATE 16, TRUNCATE 32, BEFORE 2; a row trigger would have 1 and miss statements without rows.
    static let triggerType = 4 + 8 + 16 + 32 + 2

    func install(on table: TableName) -> String {
        """
        DROP TRIGGER IF EXISTS \(trigger) ON \(table.sql);
        CREATE TRIGGER \(trigger) BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON \(table.sql)
            FOR EACH STATEMENT EXECUTE FUNCTION \(schema).refuse_write();
        ALTER TABLE \(table.sql) ENABLE ALWAYS TRIGGER \(trigger);
        """
    }
}
