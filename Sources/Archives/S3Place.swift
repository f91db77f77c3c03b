public import DataPath
import HTTP

/// A prefix in a bucket as the place of archives.
///
/// Up to one part is one PUT; more goes up in parts, of which two are in memory at most. A part that was refused is sent again;
/// what an upload that died left in the bucket is aborted before the next one, and when one fails.
public struct S3Place: ArchivePlace {
    let bucket: S3Bucket
    let prefix: String
    let partBytes: Int

    /// - Parameter partBytes: the store wants at least 5 MiB of all parts but the last, and at most 10,000 parts.
    public init(_ bucket: S3Bucket, prefix: String, partBytes: Int = 8 << 20) {
        self.bucket = bucket
        self.prefix = prefix.split(separator: "/").joined(separator: "/")
        self.partBytes = partBytes
    }

    func key(_ name: String) -> String { prefix.isEmpty ? name : "\(prefix)/\(name)" }

    /// The store's own entity tag is the mark: it changes with the bytes.
    public func find(_ name: String) async throws -> ArchivedObject? {
        let answer = try await bucket.send("HEAD", key(name), expecting: [200, 404])
        guard answer.status == 200 else { return nil }
        guard let bytes = answer.headers["content-length"].flatMap({ Int($0) }), let tag = answer.headers["etag"] else {
            throw DataPathError.archive("s3://\(bucket.bucket)/\(key(name)): the store does not tell its length and entity tag")
        }
        return ArchivedObject(bytes: bytes, mark: tag.filter { $0 != "\"" })
    }

    public func read(_ name: String, from offset: Int, count: Int) async throws -> [UInt8] {
        guard count > 0 else { return [] }
        let answer = try await bucket.send("GET", key(name), headers: ["Range": "bytes=\(offset)-\(offset + count - 1)"], expecting: [200, 206, 404, 416])
        switch answer.status {
        case 206 where answer.body.count <= count: return answer.body
        // Some stores answer a range that is the whole object with the whole object.
        case 200 where offset == 0 && answer.body.count <= count: return answer.body
        case 416: return []
        case 404: throw DataPathError.archive("\(name) is missing")
        default: throw DataPathError.archive("s3://\(bucket.bucket)/\(key(name)): the store does not answer with the range asked for")
        }
    }

    public func begin(_ name: String) async throws -> any ArchiveUpload {
        try await abortStale(name)
        return S3Upload(bucket, key(name), partBytes)
    }

    public func delete(_ name: String) async throws {
        try await abortStale(name)
        _ = try await bucket.send("DELETE", key(name), expecting: [200, 204, 404])
    }

    /// Uploads that were begun under this very name and never ended.
    func abortStale(_ name: String) async throws {
        let list = try await bucket.send("GET", "", query: [("uploads", nil), ("prefix", key(name))], expecting: [200])
        for upload in S3Bucket.tags("Upload", in: list.text) where S3Bucket.tag("Key", in: upload) == key(name) {
            guard let id = S3Bucket.tag("UploadId", in: upload) else { continue }
            _ = try await bucket.send("DELETE", key(name), query: [("uploadId", id)], expecting: [204, 404])
        }
    }
}

private actor S3Upload: ArchiveUpload {
    private let bucket: S3Bucket
    private let key: String
    private let partBytes: Int
    private var pending: [UInt8] = []
    private var uploadID: String?
    private var parts: [String] = []

    init(_ bucket: S3Bucket, _ key: String, _ partBytes: Int) {
        (self.bucket, self.key, self.partBytes) = (bucket, key, partBytes)
    }

    func append(_ bytes: [UInt8]) async throws {
        pending += bytes
        while pending.count > partBytes {
            let part = Array(pending.prefix(partBytes))
            pending.removeFirst(partBytes)
            try await send(part)
        }
    }

    func finish() async throws {
        guard uploadID != nil else {
            _ = try await bucket.send("PUT", key, body: pending, expecting: [200])
            return
        }
        try await send(pending)
        guard let uploadID else { return }
        let list = parts.enumerated().map { "<Part><PartNumber>\($0.offset + 1)</PartNumber><ETag>\($0.element)</ETag></Part>" }.joined()
        let answer = try await bucket.send(
            "POST", key, query: [("uploadId", uploadID)], body: Array("<CompleteMultipartUpload>\(list)</CompleteMultipartUpload>".utf8), expecting: [200, 404])
        // An answer that was lost and asked for again finds no upload: then the object must be there, with as many parts.
        if answer.status == 404 {
            let found = try await bucket.send("HEAD", key, expecting: [200])
            guard found.headers["etag"]?.filter({ $0 != "\"" }).hasSuffix("-\(parts.count)") == true else {
                throw DataPathError.archive("s3://\(bucket.bucket)/\(key): the upload is gone before it ended")
            }
        // The store may find out after it has begun to answer 200.
        } else if S3Bucket.tag("Code", in: answer.text[...]) != nil {
            throw DataPathError.archive("s3://\(bucket.bucket)/\(key): the store could not put the parts together")
        }
        self.uploadID = nil
    }

    func abandon() async {
        if let uploadID { _ = try? await bucket.send("DELETE", key, query: [("uploadId", uploadID)], expecting: [204, 404]) }
        uploadID = nil
    }

    private func send(_ part: [UInt8]) async throws {
        if uploadID == nil {
            let begun = try await bucket.send("POST", key, query: [("uploads", nil)], expecting: [200])
            uploadID = S3Bucket.tag("UploadId", in: begun.text[...])
        }
        guard let uploadID else { throw DataPathError.archive("s3://\(bucket.bucket)/\(key): the store does not name its upload") }
        guard parts.count < 10_000 else { throw DataPathError.archive("s3://\(bucket.bucket)/\(key): more than 10,000 parts of \(partBytes) bytes") }
        let answer = try await bucket.send("PUT", key, query: [("partNumber", "\(parts.count + 1)"), ("uploadId", uploadID)], body: part, expecting: [200])
        guard let tag = answer.headers["etag"] else { throw DataPathError.archive("s3://\(bucket.bucket)/\(key): a part was taken without an entity tag") }
        parts.append(tag)
    }
}
