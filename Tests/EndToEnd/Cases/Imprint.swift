import Foundation

/// Everything about a tenant that could have been changed, in a form that two moments can be compared in.
struct Imprint {
    /// What it is of, and its digest or text.
    private var facts: [String: String] = [:]

    /// - Parameter journal: taken by an export, which reads every event; "none" when the file is not there.
    static func take(_ stage: Stage, _ tenant: String = "acme") async throws -> Imprint {
        var imprint = Imprint()
        try imprint.addDatabase(try stage.database(tenant))
        for folder in [stage.host(tenant), "\(stage.root)/vault/\(tenant)"] { imprint.addFolder(folder) }
        imprint.addFile(stage.env(tenant))
        imprint.addFile(stage.fleet)
        imprint.facts["journal"] =
            FileManager.default.fileExists(atPath: stage.journal) ? try await stage.ctl("journal", "export", code: 0).out : "none"
        imprint.facts["processes"] = Leftovers.of(stage.root).map { "\($0.pid) \($0.command)" }.filter { !$0.contains("postgres") }.sorted().joined(separator: "\n")
        return imprint
    }

    /// What differs, by name.
    func differences(to other: Imprint) -> [String] {
        Set(facts.keys).union(other.facts.keys).filter { facts[$0] != other.facts[$0] }.sorted().map { key in
            "\(key): \(String((facts[key] ?? "absent").suffix(120))) -> \(String((other.facts[key] ?? "absent").suffix(120)))"
        }
    }

    var size: Int { facts.count }

    private mutating func addDatabase(_ database: Database) throws {
        let ours = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
        let tables = try database.texts(
            """
            SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE \(ours) AND c.relkind IN ('r', 'p', 'S') ORDER BY 1
            """)
        for table in tables {
            facts["table \(table)"] = try database.rows(
                "SELECT count(*), md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM (SELECT * FROM \(table)) t")[0].joined(separator: " ")
        }
        let catalogue = [
            "schemas": "SELECT n.oid, n.nspname, n.nspowner, n.nspacl FROM pg_namespace n WHERE \(ours)",
            "relations": "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relowner, c.relacl, c.relhastriggers FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE \(ours)",
            "columns": "SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.attnotnull FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE \(ours) AND a.attnum > 0",
            "triggers": "SELECT oid, tgrelid, tgname, tgenabled, tgtype FROM pg_trigger",
            "functions": "SELECT p.oid, p.proname, md5(coalesce(p.prosrc, '')) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE \(ours)",
            "constraints": "SELECT oid, conname, conrelid, convalidated FROM pg_constraint",
            "extensions": "SELECT extname, extversion FROM pg_extension", "roles": "SELECT rolname, rolsuper FROM pg_roles",
        ]
        for (what, sql) in catalogue {
            facts["catalogue \(what)"] = try database.rows("SELECT count(*), md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM (\(sql)) t")[0].joined(separator: " ")
        }
    }

    private mutating func addFolder(_ folder: String) {
        for name in (FileManager.default.enumerator(atPath: folder)?.allObjects as? [String]) ?? [] { addFile("\(folder)/\(name)") }
    }

    /// Its bytes; of a large file its size, its inode and when it was changed.
    private mutating func addFile(_ path: String) {
        var info = stat()
        guard lstat(path, &info) == 0 else { return }
        let kind = info.st_mode & S_IFMT
        if kind == S_IFREG, info.st_size < 1 << 20 {
            let bytes = FileManager.default.contents(atPath: path) ?? Data()
            facts["file \(path)"] = "mode \(info.st_mode) size \(bytes.count) digest \(bytes.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 })"
        } else {
            facts["file \(path)"] = "mode \(info.st_mode) inode \(info.st_ino)" + (kind == S_IFDIR ? "" : " size \(info.st_size) changed \(info.st_mtim.tv_sec)")
        }
    }
}
