import Foundation

/// What a rollout leaves around a tenant, in a form that two runs can be compared in: names and counts, nothing that is another in every run.
struct Remains: Sendable {
    private var facts: [String: String] = [:]

    static func take(_ stage: Stage, _ tenant: String) async throws -> Remains {
        var remains = Remains()
        let home = "\(stage.root)/tenants/\(tenant)"
        // A process that was told to end may take a moment.
        var processes = ""
        for _ in 0..<50 {
            let now = Self.processes(home, tenant)
            if now == processes { break }
            processes = now
            try await Task.sleep(for: .milliseconds(200))
        }
        remains.facts["processes"] = processes
        remains.facts["env"] = Self.shape(try String(contentsOfFile: stage.env(tenant), encoding: .utf8), tenant)
        remains.facts["files"] = Self.files(["host": "\(home)/host", "vault": "\(stage.root)/vault/\(tenant)"])
        try remains.addDatabase(try stage.database(tenant))
        return remains
    }

    /// Files that were being written when somebody died.
    static func strays(_ stage: Stage, _ tenant: String) -> [String] {
        ["\(stage.root)/tenants/\(tenant)", "\(stage.root)/vault/\(tenant)"].flatMap { folder in
            ((FileManager.default.enumerator(atPath: folder)?.allObjects as? [String]) ?? []).filter { name in
                [".new", ".partial", ".arriving"].contains { name.hasSuffix($0) } || name.contains(".db.new-")
            }
        }
    }

    /// - Parameter earlier: what an earlier way may have left, and a later one finds.
    func differences(to other: Remains, earlier: [Remains]) -> [String] {
        func lines(_ remains: Remains, _ key: String) -> Set<Substring> { Set((remains.facts[key] ?? "").split(separator: "\n")) }
        return Set(facts.keys).union(other.facts.keys).sorted().flatMap { key -> [String] in
            let (one, two) = (lines(self, key), lines(other, key))
            let known = ["processes", "env", "conflicts"].contains(key) ? [] : earlier.reduce(into: Set()) { $0.formUnion(lines($1, key)) }
            return one.subtracting(two).map { "\(key): \($0) is missing" } + two.subtracting(one).subtracting(known).map { "\(key): \($0) is too many" }
        }
    }

    /// What runs, how often.
    private static func processes(_ home: String, _ tenant: String) -> String {
        let commands = Leftovers.of(home).map { process in
            process.command.split(separator: " ").prefix(3).map { $0.split(separator: "/").last.map(String.init) ?? "" }.joined(separator: " ")
        }
        return counted(commands.filter { !$0.contains("postgres") }.map { shape($0, tenant) })
    }

    private static func files(_ folders: [String: String]) -> String {
        let names = folders.flatMap { name, folder in ((FileManager.default.enumerator(atPath: folder)?.allObjects as? [String]) ?? []).map { "\(name)/\($0)" } }
        // Of operations there are as many as it took, but each that was begun and is over left nothing half written. Whether a work says how far it is depends on
        // how long it takes, and how it ended on whether its process lived to say so: the world is asked, not the process.
        let kept = Set(names.map { shape($0, "") }).filter { name in
            (!name.contains("host/ops/") || name.contains(".new")) && !["/told", "/answer"].contains(where: name.hasSuffix)
        }
        return kept.sorted().joined(separator: "\n")
    }

    private mutating func addDatabase(_ database: Database) throws {
        let ours = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
        let questions = [
            "relations": "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE \(ours) AND c.relkind IN ('r', 'p', 'S', 'v')",
            "triggers": "SELECT n.nspname || '.' || c.relname || ' ' || t.tgname || ' ' || t.tgenabled::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal",
            "functions": "SELECT n.nspname || '.' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE \(ours)",
            "constraints": "SELECT conrelid::regclass::text || ' ' || conname FROM pg_constraint WHERE contype IN ('f', 'p', 'u')",
            "prepared": "SELECT gid FROM pg_prepared_xacts",
        ]
        for (what, sql) in questions { facts[what] = Set(try database.texts(sql).map { Self.shape($0, "") }).sorted().joined(separator: "\n") }
        if try database.number("SELECT count(*) FROM pg_tables WHERE schemaname = 'cutover' AND tablename = 'conflicts'") == 1 {
            facts["conflicts"] = try database.texts("SELECT count(*)::text FROM cutover.conflicts")[0]
            facts["exceptions"] = Self.counted(try database.texts("SELECT reason FROM cutover.exceptions"))
        }
    }

    private static func counted(_ texts: [String]) -> String {
        Dictionary(texts.map { ($0, 1) }, uniquingKeysWith: +).sorted { $0.key < $1.key }.map { "\($0.key) x\($0.value)" }.joined(separator: "\n")
    }

    /// A tenant's database has its name with underscores.
    private static func shape(_ text: String, _ tenant: String) -> String {
        let names = tenant.isEmpty ? [] : [tenant, tenant.replacing("-", with: "_")]
        return names.reduce(text) { $0.replacing($1, with: "TENANT") }.replacing(#/[0-9a-f-]*[0-9][0-9a-f-]*/#, with: "*")
    }
}
