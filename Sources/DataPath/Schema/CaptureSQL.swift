/// The trigger functions and triggers that record what agents change. They append and do nothing else.
enum CaptureSQL {
    /// Our own transactions carry their own id as mark, so a mark that leaks into the next transaction silences nothing.
    ///
    /// As the trigger's condition: a function that is not called for our own rows costs them nothing.
    private static func notOurs(_ settings: DataPathSettings) -> String {
        "WHEN (current_setting('\(settings.schema).own', true) IS DISTINCT FROM pg_current_xact_id()::text)"
    }

    private static func own(_ layout: Layout) -> String {
        "IF current_setting('\(layout.schema).own', true) = pg_current_xact_id()::text THEN RETURN NULL; END IF;"
    }

    private static let header = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp"

    static func functions(_ layout: Layout, _ variant: LookVariant) -> String {
        let insert = variant == .deduplicatedLog ? (" ", " ON CONFLICT (id) DO NOTHING;") : (" ", ";")
        func entry(_ id: String, _ del: String) -> String {
            "INSERT INTO \(layout.schema).change_log (id, side, del) VALUES (\(id), TG_ARGV[0]::smallint, \(del))\(insert.1)"
        }
        // v2 holds rows of several tables, and each projection records its own.
        let (old, new) = (layout.projection.concernsUs("OLD"), layout.projection.concernsUs("NEW"))
        return """
            CREATE OR REPLACE FUNCTION \(layout.schema).capture() RETURNS trigger \(header) AS $f$
            BEGIN
                IF TG_OP = 'INSERT' THEN
                    \(entry("NEW.id", "false"))
                ELSIF TG_OP = 'DELETE' THEN
                    \(entry("OLD.id", "true"))
                ELSIF NEW.id = OLD.id THEN
                    \(entry("OLD.id", "false"))
                ELSE
                    \(entry("OLD.id", "true"))
                    \(entry("NEW.id", "false"))
                END IF;
                RETURN NULL;
            END
            $f$;
            CREATE OR REPLACE FUNCTION \(layout.schema).capture_plugin() RETURNS trigger \(header) AS $f$
            BEGIN
                IF TG_OP = 'INSERT' THEN
                    IF \(new) THEN \(entry("NEW.id", "false")) END IF;
                ELSIF TG_OP = 'DELETE' THEN
                    IF \(old) THEN \(entry("OLD.id", "true")) END IF;
                ELSIF NEW.id = OLD.id THEN
                    IF \(old) OR \(new) THEN \(entry("OLD.id", "false")) END IF;
                ELSE
                    IF \(old) THEN \(entry("OLD.id", "true")) END IF;
                    IF \(new) THEN \(entry("NEW.id", "false")) END IF;
                END IF;
                RETURN NULL;
            END
            $f$;
            CREATE OR REPLACE FUNCTION \(layout.schema).capture_truncate() RETURNS trigger \(header) AS $f$
            BEGIN
                \(truncated(layout, variant))
                RETURN NULL;
            END
            $f$;
            CREATE OR REPLACE FUNCTION \(layout.schema).capture_tree() RETURNS trigger \(header) AS $f$
            BEGIN
                \(moved(layout, variant))
                RETURN NULL;
            END
            $f$;
            \(kinds(layout))
            REVOKE ALL ON FUNCTION \(layout.schema).capture(), \(layout.schema).capture_plugin(), \(layout.schema).capture_truncate(),
                \(layout.schema).capture_tree(), \(layout.schema).capture_kind() FROM PUBLIC;
            """
    }

    static let names = ["capture()", "capture_plugin()", "capture_truncate()", "capture_tree()", "capture_kind()"]

    /// Which rows of v2 rightly are something else than facts: those that agents made so. A look asks nothing about kinds, so this is
    /// all that tells an agent's choice from a row that was changed behind everyone's back.
    private static func kinds(_ layout: Layout) -> String {
        """
        CREATE OR REPLACE FUNCTION \(layout.schema).capture_kind() RETURNS trigger \(header) AS $f$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                DELETE FROM \(layout.schema).kinds WHERE id = OLD.id;
                RETURN NULL;
            END IF;
            \(own(layout))
            IF TG_OP = 'UPDATE' THEN DELETE FROM \(layout.schema).kinds WHERE id = OLD.id; END IF;
            IF NEW.kind <> 'fact' THEN
                INSERT INTO \(layout.schema).kinds (id, kind) VALUES (NEW.id, NEW.kind) ON CONFLICT (id) DO UPDATE SET kind = excluded.kind;
            END IF;
            RETURN NULL;
        END
        $f$;
        """
    }

    /// Takes the kinds of v2's rows as they are for what agents made of them.
    static func adoptKinds(_ settings: DataPathSettings) -> String {
        """
        DELETE FROM \(settings.schema).kinds;
        INSERT INTO \(settings.schema).kinds (id, kind) SELECT id, kind FROM \(settings.v2Records.sql) WHERE kind <> 'fact';
        """
    }

    private static func truncated(_ layout: Layout, _ variant: LookVariant) -> String {
        variant == .triggersThatEnumerate
            ? """
            INSERT INTO \(layout.schema).change_log (id, side, del)
            SELECT id, TG_ARGV[0]::smallint, true FROM \(layout.schema).placed WHERE state <> 'gone';
            """
            : """
            INSERT INTO \(layout.schema).marker (what, side) VALUES ('truncate', TG_ARGV[0]::smallint);
            IF TG_ARGV[0] = '2' THEN DELETE FROM \(layout.schema).kinds; END IF;
            """
    }

    private static func moved(_ layout: Layout, _ variant: LookVariant) -> String {
        variant == .triggersThatEnumerate
            ? """
            INSERT INTO \(layout.schema).change_log (id, side, del)
            SELECT id, 1, false FROM \(layout.v1) WHERE workspace_id = NEW.id;
            """
            : "INSERT INTO \(layout.schema).marker (what, arg, side) VALUES ('subtree', NEW.id, 1);"
    }

    struct Trigger: Sendable {
        let name: String
        let table: TableName
        let definition: String
        let function: String
    }

    static func triggers(_ settings: DataPathSettings) -> [Trigger] {
        var triggers: [Trigger] = []
        for (side, table, function) in [(1, settings.v1Memories, "capture"), (2, settings.v2Records, "capture_plugin")] where side == 1 ? settings.lane != .far : settings.hasV2 {
            triggers.append(
                Trigger(
                    name: "\(settings.schema)_capture", table: table,
                    definition: "AFTER INSERT OR UPDATE OR DELETE ON \(table.sql) FOR EACH ROW \(notOurs(settings)) EXECUTE FUNCTION \(settings.schema).\(function)('\(side)')",
                    function: function))
            triggers.append(
                Trigger(
                    name: "\(settings.schema)_truncate", table: table,
                    definition: "AFTER TRUNCATE ON \(table.sql) FOR EACH STATEMENT \(notOurs(settings)) EXECUTE FUNCTION \(settings.schema).capture_truncate('\(side)')",
                    function: "capture_truncate"))
        }
        let v2 = settings.v2Records
        for (event, condition) in [
            ("insert", "NEW.kind <> 'fact'"), ("update", "OLD.kind <> NEW.kind OR OLD.id <> NEW.id"), ("delete", "OLD.kind <> 'fact'"),
        ] where settings.hasV2 {
            triggers.append(
                Trigger(
                    name: "\(settings.schema)_kind_\(event)", table: v2,
                    definition: """
                        AFTER \(event.uppercased()) ON \(v2.sql) FOR EACH ROW \
                        WHEN (\(condition)) EXECUTE FUNCTION \(settings.schema).capture_kind()
                        """,
                    function: "capture_kind"))
        }
        if settings.lane == .far { return triggers }
        let tree = settings.v1Workspaces
        triggers.append(
            Trigger(
                name: "\(settings.schema)_tree_insert", table: tree,
                definition: "AFTER INSERT ON \(tree.sql) FOR EACH ROW EXECUTE FUNCTION \(settings.schema).capture_tree()",
                function: "capture_tree"))
        triggers.append(
            Trigger(
                name: "\(settings.schema)_tree_update", table: tree,
                definition: """
                    AFTER UPDATE ON \(tree.sql) FOR EACH ROW \
                    WHEN (OLD.parent_id IS DISTINCT FROM NEW.parent_id OR OLD.id <> NEW.id) EXECUTE FUNCTION \(settings.schema).capture_tree()
                    """,
                function: "capture_tree"))
        return triggers
    }
}
