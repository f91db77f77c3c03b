import Crypto
public import Foundation
public import Postgres

/// The frozen table as an encrypted file with its DDL, and the proof that it can come back.
///
/// The stream is compressed, then encrypted, chunk by chunk. The key has 32 bytes and never leaves the caller.
public struct Archive: Sendable {
    public struct Report: Sendable, Equatable, Codable {
        public let rows: Int
        public let plainBytes: Int
        public let plainSHA256: String
        public let fileBytes: Int
        public let fileSHA256: String
        public let frozenRows: Int
        public let frozenDigest: String
        public let files: [String]
    }

    public let settings: DataPathSettings

    public init(_ settings: DataPathSettings = DataPathSettings()) {
        self.settings = settings
    }

    private var scratch: TableName { TableName("\(settings.schema)_rehearsal", settings.v1Memories.name) }

    /// Streams v1 into `directory`, which is made where needed; files appear under their names only when they are complete.
    ///
    /// Throws `.refused` unless v1 is frozen.
    public func export(_ connection: PostgresConnection, to directory: URL, key: [UInt8]) async throws -> Report {
        guard try await Freeze(settings).state(connection).frozen else {
            throw DataPathError.refused("\(settings.v1Memories) is not frozen: what is archived could still change")
        }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let layout = try await Layout.complete(connection, settings)
        let salt = ArchiveCipher.newSalt()
        let cipher = try ArchiveCipher(key: key, salt: salt)
        let name = "\(settings.v1Memories.name).copy.sealed"
        let file = try ArchiveFileWriter(directory.appendingPathComponent(name), cipher: cipher, salt: salt)
        let (ddl, rows, frozen) = try await connection.transaction(.repeatableRead, readOnly: true) { connection in
            let ddl = try await TableDDL.read(settings.v1Memories, settings, connection)
            let rows = try await connection.query("SELECT count(*) AS n FROM \(layout.v1)")[0].int("n")
            let frozen = try await Freeze(settings).recorded(connection)
            let columns = layout.v1Stored.map { quoted($0.name) }.joined(separator: ", ")
            try await connection.copyOut("COPY (SELECT \(columns) FROM \(layout.v1) ORDER BY id) TO STDOUT") { chunk in
                try file.append(chunk)
            }
            return (ddl, rows, frozen)
        }
        let hashes = try file.finish()
        let manifest = ArchiveManifest(
            table: settings.v1Memories, file: name, salt: Data(salt).base64EncodedString(),
            columns: layout.v1Stored.map(\.name), rows: rows, plainBytes: file.plainBytes, plainSHA256: hashes.plain,
            fileBytes: file.fileBytes, fileSHA256: hashes.file, frozenRows: frozen.rows, frozenDigest: frozen.digest,
            exportedAt: Date.now.formatted(.iso8601), ddl: ddl)
        try manifest.write(to: directory, cipher: cipher)
        return report(manifest)
    }

    /// Restores into a scratch schema, compares every row with the frozen list, and drops the schema again, also after a failure.
    public func rehearse(_ connection: PostgresConnection, from directory: URL, key: [UInt8]) async throws -> Report {
        let (manifest, cipher, salt) = try ArchiveManifest.read(from: directory, key: key)
        try await connection.execute("DROP SCHEMA IF EXISTS \(scratch.schema) CASCADE; CREATE SCHEMA \(scratch.schema)")
        do {
            try await load(manifest, cipher, salt, directory, into: scratch, connection)
            try await compare(scratch, connection)
        } catch {
            try? await connection.execute("DROP SCHEMA IF EXISTS \(scratch.schema) CASCADE")
            throw error
        }
        try await connection.execute("DROP SCHEMA \(scratch.schema) CASCADE")
        return report(manifest)
    }

    /// Makes the table again under its own name, frozen: with its rows, constraints, indexes, comments, owner, grants and triggers.
    ///
    /// Its foreign key is remembered, and `Freeze.unfreeze` puts it back. One transaction. Throws `.refused` when a table of
    /// that name is there.
    public func restore(_ connection: PostgresConnection, from directory: URL, key: [UInt8]) async throws -> Report {
        let (manifest, cipher, salt) = try ArchiveManifest.read(from: directory, key: key)
        try await connection.transaction { connection in
            let there = try await connection.query(
                "SELECT to_regclass($1) IS NOT NULL AS there", [.text(settings.v1Memories.sql)])
            if try there[0].bool("there") { throw DataPathError.refused("table \(settings.v1Memories) is there already") }
            try await load(manifest, cipher, salt, directory, into: settings.v1Memories, connection)
            // The functions went with the capture; digests cannot be compared without them.
            let layout = try await Layout.complete(connection, settings)
            try await connection.execute(layout.projection.functions)
            try await compare(settings.v1Memories, connection)
            for statement in manifest.ddl.dress(settings.v1Memories) { try await connection.execute(statement) }
            try await ForeignKeys.remember(
                manifest.ddl.foreignKeys.map { ForeignKey(name: $0.name, definition: $0.definition) }, settings, connection)
            try await Freeze(settings).rememberTable(settings.v1Memories, connection)
            try await connection.execute(FreezeSQL(settings).function)
            try await connection.execute(FreezeSQL(settings).install(on: settings.v1Memories))
        }
        return report(manifest)
    }

    /// Reads and authenticates every byte without a database.
    public func check(_ directory: URL, key: [UInt8]) throws -> Report {
        let (manifest, cipher, salt) = try ArchiveManifest.read(from: directory, key: key)
        let reader = try ArchiveFileReader(directory.appendingPathComponent(manifest.file), cipher: cipher, salt: salt)
        var hash = SHA256()
        while let chunk = try reader.chunk() { hash.update(data: chunk) }
        let found = hash.finalize().map { String(format: "%02x", $0) }.joined()
        guard found == manifest.plainSHA256 else { throw DataPathError.archive("the rows are not those of the manifest") }
        return report(manifest)
    }

    /// Deletes the archive's files. There is no way back from this once the table is dropped.
    public func purge(_ directory: URL) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        for name in names where name == ArchiveManifest.name || name.hasSuffix(".copy.sealed") || name.hasSuffix(".partial") {
            try FileManager.default.removeItem(at: directory.appendingPathComponent(name))
        }
    }

    // MARK: - Non public

    private func load(
        _ manifest: ArchiveManifest, _ cipher: ArchiveCipher, _ salt: [UInt8], _ directory: URL, into table: TableName,
        _ connection: PostgresConnection
    ) async throws {
        try await connection.execute(manifest.ddl.createTable(table))
        let reader = try ArchiveFileReader(directory.appendingPathComponent(manifest.file), cipher: cipher, salt: salt)
        let columns = manifest.columns.map(quoted).joined(separator: ", ")
        let taken = try await connection.copyIn("COPY \(table.sql) (\(columns)) FROM STDIN") { try reader.chunk() }
        guard taken == manifest.rows else {
            throw DataPathError.archive("\(taken) rows came back, the manifest says \(manifest.rows)")
        }
        for statement in manifest.ddl.afterLoad(table) { try await connection.execute(statement) }
    }

    /// Every row of `table` against the frozen list.
    private func compare(_ table: TableName, _ connection: PostgresConnection) async throws {
        let differing = try await WholeRows(settings: settings, table: table).differing(connection)
        guard differing == 0 else { throw DataPathError.notEqual(differing: differing) }
    }

    private func report(_ manifest: ArchiveManifest) -> Report {
        Report(
            rows: manifest.rows, plainBytes: manifest.plainBytes, plainSHA256: manifest.plainSHA256,
            fileBytes: manifest.fileBytes, fileSHA256: manifest.fileSHA256, frozenRows: manifest.frozenRows,
            frozenDigest: manifest.frozenDigest, files: [ArchiveManifest.name, manifest.file])
    }
}
