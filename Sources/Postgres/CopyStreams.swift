import CLibpq

extension PostgresConnection {
    /// Streams what a `COPY … TO STDOUT` sends, in pieces of at least `chunkBytes` except the last.
    ///
    /// When `each` throws, the copy is cancelled and its error passed on; the connection stays usable.
    public nonisolated(nonsending) func copyOut(
        _ sql: String, chunkBytes: Int = 262_144, _ each: ([UInt8]) async throws -> Void
    ) async throws {
        try await beginCopy(sql)
        do {
            await beganCopyOut()
            while let chunk = try await nextCopyChunk(chunkBytes) { try await each(chunk) }
        } catch {
            await abandonCopyOut()
            throw error
        }
    }

    /// Feeds a `COPY … FROM STDIN` until `next` returns nil; returns the number of rows the server took.
    ///
    /// When `next` throws, the server drops what it was sent and the error is passed on.
    @discardableResult
    public nonisolated(nonsending) func copyIn(
        _ sql: String, _ next: () async throws -> [UInt8]?
    ) async throws -> Int {
        try await beginCopy(sql)
        do {
            while let chunk = try await next() { try await putCopyChunk(chunk) }
        } catch {
            _ = try? await endCopyIn(complaint: "the sender gave up")
            throw error
        }
        return try await endCopyIn(complaint: nil)
    }

    /// Feeds a `COPY … FROM STDIN` with what another session's `COPY … TO STDOUT` sends; returns the number of rows taken.
    ///
    /// Nothing is parsed on the way and no more than a piece of it is held.
    @discardableResult
    public nonisolated(nonsending) func copyIn(_ sql: String, from source: PostgresConnection, _ query: String) async throws -> Int {
        try await beginCopy(sql)
        do {
            try await source.copyOut(query) { try await putCopyChunk($0) }
        } catch {
            _ = try? await endCopyIn(complaint: "the sender gave up")
            throw error
        }
        return try await endCopyIn(complaint: nil)
    }

    // MARK: - Non public

    func beginCopy(_ sql: String) throws(PostgresError) {
        let connection = try open()
        _ = try read(PQexec(connection, sql), from: connection)
    }

    func beganCopyOut() {
        isCopyingOut = true
    }

    func nextCopyChunk(_ chunkBytes: Int) throws(PostgresError) -> [UInt8]? {
        guard isCopyingOut else { return nil }
        let connection = try open()
        var chunk: [UInt8] = []
        while chunk.count < chunkBytes {
            var buffer: UnsafeMutablePointer<CChar>?
            let length = PQgetCopyData(connection, &buffer, 0)
            defer { PQfreemem(buffer) }
            if length == -1 {
                isCopyingOut = false
                try finishCopy(connection)
                return chunk.isEmpty ? nil : chunk
            }
            guard length > 0, let buffer else { throw failure(nil, on: connection) }
            buffer.withMemoryRebound(to: UInt8.self, capacity: Int(length)) { bytes in
                chunk.append(contentsOf: UnsafeBufferPointer(start: bytes, count: Int(length)))
            }
        }
        return chunk
    }

    func abandonCopyOut() {
        isCopyingOut = false
        guard let connection = try? open() else { return }
        // Waits, because a request still on its way would hit the next statement instead.
        cancelAndWait()
        var buffer: UnsafeMutablePointer<CChar>?
        while PQgetCopyData(connection, &buffer, 0) > 0 {
            PQfreemem(buffer)
            buffer = nil
        }
        while let result = PQgetResult(connection) { PQclear(result) }
    }

    func putCopyChunk(_ chunk: [UInt8]) throws(PostgresError) {
        let connection = try open()
        let sent = chunk.withUnsafeBytes { bytes in
            PQputCopyData(connection, bytes.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count))
        }
        guard sent == 1 else { throw failure(nil, on: connection) }
    }

    @discardableResult
    func endCopyIn(complaint: String?) throws(PostgresError) -> Int {
        let connection = try open()
        guard PQputCopyEnd(connection, complaint) == 1 else { throw failure(nil, on: connection) }
        return try finishCopy(connection)
    }

    @discardableResult
    private func finishCopy(_ connection: OpaquePointer) throws(PostgresError) -> Int {
        var affected = 0
        var refusal: PostgresError?
        while let result = PQgetResult(connection) {
            do { affected = try read(result, from: connection).affected } catch { refusal = error }
        }
        if let refusal { throw refusal }
        return affected
    }
}
