import Crypto
import Foundation
public import Postgres

/// The frozen table as an encrypted file with its DDL, and the proof that it can come back.
///
/// The stream is compressed, then encrypted, chunk by chunk, with a key of its own that is sealed to each recipient.
public struct Archive: Sendable {
    public struct Report: Sendable, Equatable, Codable {
        public let rows: Int
        public let plainBytes: Int
        public let plainSHA256: String
        public let fileBytes: Int
        public let fileSHA256: String
        public let frozenRows: Int
        public let frozenDigest: String
        /// Ids of the keys that open it, each alone.
        public let keys: [String]
    }

    /// How far an archive is: rows written, or restored, of how many.
    public struct Progress: Sendable {
        public let rows: Int
        public let of: Int
    }
    /// Told often while rows move; what it throws ends the work.
    public typealias Told = @Sendable (Progress) async throws -> Void

    public let settings: DataPathSettings

    public init(_ settings: DataPathSettings = DataPathSettings()) {
        self.settings = settings
    }

    private var scratch: TableName { TableName("\(settings.schema)_rehearsal", settings.v1Memories.name) }

    /// Streams v1 into `place`, sealed to every one of `recipients`; the manifest comes last, and without it there is no archive.
    ///
    /// Throws `.refused` unless v1 is frozen, and when another tenant's archive lies there.
    public func export(
        _ connection: PostgresConnection, to place: any ArchivePlace, sealedTo recipients: [ArchiveRecipient], label: String, told: @escaping Told = { _ in }
    ) async throws -> Report {
        guard try await Freeze(settings).state(connection).frozen else {
            throw DataPathError.refused("\(settings.v1Memories) is not frozen: what is archived could still change")
        }
        guard !recipients.isEmpty else { throw DataPathError.archive("there is no key to seal it to") }
        let (table, name) = (settings.v1Memories, ArchiveManifest.rowsName(settings.v1Memories))
        if let there = try await ArchiveManifest.peek(place, table), there.label != label {
            throw DataPathError.refused("the archive of \(there.label) lies in that place: it is not written over")
        }
        // First: a manifest must never stand beside rows it does not describe.
        try await place.delete(ArchiveManifest.name(table))
        let layout = try await Layout.complete(connection, settings)
        let (salt, fileKey) = (ArchiveCipher.newSalt(), ArchiveCipher.newKey())
        let cipher = try ArchiveCipher(key: fileKey, salt: salt)
        let columns = layout.v1Stored.map(\.name)
        var manifest = ArchiveManifest(
            label: label, table: table, file: name, salt: Data(salt).base64EncodedString(),
            keys: try recipients.map { try WrappedKey.wrap(fileKey, to: $0, salt: salt) }, columns: columns, rows: 0, plainBytes: 0,
            plainSHA256: "", fileBytes: 0, fileSHA256: "", frozenRows: 0, frozenDigest: "", exportedAt: Date.now.formatted(.iso8601),
            ddl: try await TableDDL.read(table, settings, connection))
        manifest = try await connection.transaction(.repeatableRead, readOnly: true) { connection in
            var made = manifest
            made.rows = try await connection.query("SELECT count(*) AS n FROM \(layout.v1)")[0].int("n")
            (made.frozenRows, made.frozenDigest) = try await Freeze(settings).recorded(connection)
            // Row security that hid rows from us would make an archive without them: then better an error.
            try await connection.execute("SET LOCAL row_security = off")
            let list = columns.map(quoted).joined(separator: ", ")
            return try await place.put(name) { upload in
                var sealing = try await SealingStream(to: upload, cipher: cipher, salt: salt)
                var rows = 0
                try await connection.copyOut("COPY (SELECT \(list) FROM \(layout.v1) ORDER BY id) TO STDOUT") { chunk in
                    try await sealing.append(chunk)
                    rows += Self.rows(in: chunk)
                    try await told(Progress(rows: rows, of: made.rows))
                }
                (made.plainSHA256, made.fileSHA256) = try await sealing.finish()
                (made.plainBytes, made.fileBytes) = (sealing.plainBytes, sealing.fileBytes)
                return made
            }
        }
        try await manifest.write(to: place, cipher: cipher)
        return report(manifest)
    }

    /// Restores into a scratch schema, compares every row with the frozen list, and drops the schema again, also after a failure.
    public func rehearse(
        _ connection: PostgresConnection, from place: any ArchivePlace, with opener: ArchiveOpener, told: @escaping Told = { _ in }
    ) async throws -> Report {
        let (manifest, cipher, salt) = try await ArchiveManifest.read(from: place, settings.v1Memories, opener: opener)
        try await connection.execute("DROP SCHEMA IF EXISTS \(scratch.schema) CASCADE; CREATE SCHEMA \(scratch.schema)")
        do {
            try await load(manifest, cipher, salt, place, into: scratch, connection, told)
            try await compare(scratch, connection)
            for statement in manifest.ddl.settle(scratch) { try await connection.execute(statement) }
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
    public func restore(
        _ connection: PostgresConnection, from place: any ArchivePlace, with opener: ArchiveOpener, told: @escaping Told = { _ in }
    ) async throws -> Report {
        let (manifest, cipher, salt) = try await ArchiveManifest.read(from: place, settings.v1Memories, opener: opener)
        try await connection.transaction { connection in
            let there = try await connection.query(
                "SELECT to_regclass($1) IS NOT NULL AS there", [.text(settings.v1Memories.sql)])
            if try there[0].bool("there") { throw DataPathError.refused("table \(settings.v1Memories) is there already") }
            for statement in manifest.ddl.createSequences { try await connection.execute(statement) }
            try await load(manifest, cipher, salt, place, into: settings.v1Memories, connection, told)
            // The functions went with the capture; digests cannot be compared without them.
            let layout = try await Layout.complete(connection, settings)
            try await connection.execute(layout.projection.functions)
            try await compare(settings.v1Memories, connection)
            for statement in manifest.ddl.settle(settings.v1Memories) + manifest.ddl.claim(settings.v1Memories) {
                try await connection.execute(statement)
            }
            try await ForeignKeys.remember(
                manifest.ddl.foreignKeys.map { ForeignKey(name: $0.name, definition: $0.definition) }, settings, connection)
            try await Freeze(settings).rememberTable(settings.v1Memories, connection)
            try await connection.execute(FreezeSQL(settings).function)
            try await connection.execute(FreezeSQL(settings).install(on: settings.v1Memories))
        }
        return report(manifest)
    }

    /// Reads and authenticates every byte without a database.
    public func check(_ place: any ArchivePlace, with opener: ArchiveOpener) async throws -> Report {
        let (manifest, cipher, salt) = try await ArchiveManifest.read(from: place, settings.v1Memories, opener: opener)
        var reader = try await OpeningStream(place, manifest.file, cipher: cipher, salt: salt)
        var hash = SHA256()
        while let chunk = try await reader.chunk() { hash.update(data: chunk) }
        let found = hash.finalize().map { String(format: "%02x", $0) }.joined()
        guard found == manifest.plainSHA256 else { throw DataPathError.archive("the rows are not those of the manifest") }
        return report(manifest)
    }

    /// The objects of an archive, the one that makes it whole last.
    public func objects() -> [String] { [ArchiveManifest.rowsName(settings.v1Memories), ArchiveManifest.name(settings.v1Memories)] }

    /// Deletes the archive. There is no way back from this once the table is dropped.
    public func purge(_ place: any ArchivePlace) async throws {
        for name in objects().reversed() { try await place.delete(name) }
    }

    // MARK: - Non public

    private func load(
        _ manifest: ArchiveManifest, _ cipher: ArchiveCipher, _ salt: [UInt8], _ place: any ArchivePlace, into table: TableName,
        _ connection: PostgresConnection, _ told: Told
    ) async throws {
        try await connection.execute(manifest.ddl.createTable(table, ownNames: table == manifest.table))
        var reader = try await OpeningStream(place, manifest.file, cipher: cipher, salt: salt)
        let columns = manifest.columns.map(quoted).joined(separator: ", ")
        var rows = 0
        let taken = try await connection.copyIn("COPY \(table.sql) (\(columns)) FROM STDIN") {
            guard let chunk = try await reader.chunk() else { return nil }
            rows += Self.rows(in: chunk)
            try await told(Progress(rows: rows, of: manifest.rows))
            return chunk
        }
        guard taken == manifest.rows else {
            throw DataPathError.archive("\(taken) rows came back, the manifest says \(manifest.rows)")
        }
        for statement in manifest.ddl.afterLoad(table) { try await connection.execute(statement) }
    }

    /// The text form of COPY ends each row with a line feed, and writes those within a value otherwise.
    private static func rows(in chunk: [UInt8]) -> Int { chunk.reduce(0) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 } }

    /// Every row of `table` against the frozen list.
    private func compare(_ table: TableName, _ connection: PostgresConnection) async throws {
        let differing = try await WholeRows(settings: settings, table: table).differing(connection)
        guard differing == 0 else { throw DataPathError.notEqual(differing: differing) }
    }

    private func report(_ manifest: ArchiveManifest) -> Report {
        Report(
            rows: manifest.rows, plainBytes: manifest.plainBytes, plainSHA256: manifest.plainSHA256,
            fileBytes: manifest.fileBytes, fileSHA256: manifest.fileSHA256, frozenRows: manifest.frozenRows,
            frozenDigest: manifest.frozenDigest, keys: manifest.keys.map(\.id))
    }
}
