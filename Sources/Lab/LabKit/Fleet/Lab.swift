import Foundation

/// A lab that exists: where it is, what it remembers, its cluster.
struct Lab {
    let layout: LabLayout
    var record: LabRecord
    let cluster: PostgresCluster
    /// Where the plugins' databases are, if they are elsewhere.
    let pluginCluster: PostgresCluster?
    let programs: Programs

    struct Missing: Error, CustomStringConvertible {
        let root: String
        var description: String { "there is no lab in \(root). Type: cutover-lab up --root \(root)" }
    }

    /// Opens a lab made before; throws when there is none.
    static func open(root: String, environment: [String: String] = ProcessInfo.processInfo.environment) throws -> Lab {
        let layout = LabLayout(root: root)
        guard let record = try LabRecord.load(layout) else { throw Missing(root: layout.root) }
        return try Lab(layout: layout, record: record, environment: environment)
    }

    init(layout: LabLayout, record: LabRecord, environment: [String: String]) throws {
        let programs = Programs.present()
        let account = try Unprivileged.needed()
        var told = environment
        if told["CUTOVER_PG"] == nil { told["CUTOVER_PG"] = record.postgresBundle }
        var bundle = try PostgresBundle.find(environment: told, program: programs.own)
        if account != nil, !Unprivileged.canReach(bundle.program("postgres")) {
            try FileManager.default.createDirectory(atPath: layout.refuge, withIntermediateDirectories: true)
            bundle = try bundle.copied(into: layout.refuge)
        }
        self.layout = layout
        self.record = record
        self.programs = programs
        cluster = PostgresCluster(
            bundle: bundle, folder: record.postgresFolder, port: record.postgresPort, account: account)
        if let folder = record.pluginPostgresFolder, let port = record.pluginPostgresPort {
            pluginCluster = PostgresCluster(bundle: bundle, folder: folder, port: port, account: account)
        } else {
            pluginCluster = nil
        }
    }

    /// The tenants asked for, all when none is named; throws on a name that is not there.
    func tenants(_ names: [String]) throws -> [LabRecord.Tenant] {
        guard !names.isEmpty else { return record.tenants }
        return try names.map { name in
            guard let found = record.tenants.first(where: { $0.id == name }) else {
                let known = record.tenants.map(\.id).joined(separator: ", ")
                throw Spawn.Failed(description: "no tenant \(name) in this lab; it has \(known)")
            }
            return found
        }
    }
}
