import Archives
import DataPath
import Foundation
import HTTP
import Testing

@Suite("an S3-compatible store as the place of archives", .serialized)
struct S3PlaceTests {
    private static let part = 64 << 10

    private func place(_ name: String, _ moto: Moto) async throws -> S3Place {
        S3Place(try await moto.bucket(name), prefix: "archives/acme", partBytes: Self.part)
    }

    private func bytes(_ count: Int, _ salt: Int = 7) -> [UInt8] {
        var state = UInt64(salt)
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    private func put(_ bytes: [UInt8], _ name: String, _ place: S3Place) async throws {
        try await place.put(name) { upload in
            for start in stride(from: 0, to: bytes.count, by: 30_000) { try await upload.append(Array(bytes[start..<min(bytes.count, start + 30_000)])) }
        }
    }

    private func whole(_ name: String, _ place: S3Place) async throws -> [UInt8] {
        let total = try #require(try await place.find(name)).bytes
        var all: [UInt8] = []
        while all.count < total { all += try await place.read(name, from: all.count, count: min(50_000, total - all.count)) }
        return all
    }

    @Test("small and large objects come back as they went, with a signature that the store checks")
    func roundTrip() async throws {
        let moto = try await Moto.start()
        let place = try await place("round-trip", moto)
        #expect(try await place.find("a b+c=d.sealed") == nil)
        for count in [0, 1, Self.part, Self.part + 1, 2 * Self.part + 12_345] {
            let data = bytes(count)
            try await put(data, "a b+c=d.sealed", place)
            #expect(try await whole("a b+c=d.sealed", place) == data)
        }
        #expect(try await moto.unfinished("round-trip") == 0)
        try await place.delete("a b+c=d.sealed")
        try await place.delete("a b+c=d.sealed")
        #expect(try await place.find("a b+c=d.sealed") == nil)
        let stranger = SigningKeys(region: "eu-central-1", service: "s3", accessKeyID: moto.keys.accessKeyID, secretAccessKey: "not the secret")
        let forged = S3Place(try await moto.bucket("round-trip", keys: stranger), prefix: "archives/acme")
        await #expect(throws: DataPathError.self) { try await put([1], "forged", forged) }
        #expect(try await place.find("forged") == nil)
    }

    @Test("errors that pass are waited out: 500, 503, a stalled server, a cut answer, an answer that is lost", arguments: ["500", "503", "stall", "cut", "lost"])
    func passing(fault: String) async throws {
        let moto = try await Moto.start()
        let place = try await place("passing", moto)
        let data = bytes(2 * Self.part + 99)
        try await moto.misbehave("POST", "uploads=", as: fault)
        try await moto.misbehave("PUT", "partNumber=2", as: fault, times: 2)
        try await moto.misbehave("POST", "uploadId=", as: fault)
        try await put(data, "rows", place)
        try await moto.misbehave("GET", "rows", as: fault, times: 2)
        #expect(try await whole("rows", place) == data)
    }

    @Test("a store that stays broken is an error with its own word, and leaves neither an object nor a part")
    func staysBroken() async throws {
        let moto = try await Moto.start()
        let place = try await place("broken", moto)
        try await moto.misbehave("PUT", "partNumber=2", as: "503", times: 99)
        let failure = await #expect(throws: DataPathError.self) { try await put(bytes(3 * Self.part), "rows", place) }
        #expect(failure?.description.contains("503 SlowDown") == true, "\(failure?.description ?? "")")
        #expect(try await place.find("rows") == nil)
        #expect(try await moto.unfinished("broken") == 0)
        try await moto.misbehave("PUT", "refused", as: "403", times: 99)
        let before = try await moto.requests().count
        await #expect(throws: DataPathError.self) { try await put([1], "refused", place) }
        #expect(try await moto.requests().count - before == 2, "a refusal that will not pass is not asked again")
    }

    @Test("what an upload that died left behind is aborted before the next, and other objects' are left alone")
    func stale() async throws {
        let moto = try await Moto.start()
        let place = try await place("stale", moto)
        for name in ["rows", "rows.of-another"] {
            let upload = try await place.begin(name)
            try await upload.append(bytes(Self.part + 1))
        }
        #expect(try await moto.unfinished("stale") == 2)
        try await put(bytes(10), "rows", place)
        #expect(try await moto.unfinished("stale") == 1)
        #expect(try await place.find("rows")?.bytes == 10)
    }

    @Test("the mark of an object changes with a bit of it")
    func marks() async throws {
        let moto = try await Moto.start()
        let place = try await place("marks", moto)
        try await put(bytes(1000), "rows", place)
        let before = try await place.find("rows")
        try await moto.flip("marks", "archives/acme/rows", at: 500)
        #expect(try await place.find("rows") != before)
        #expect(try await place.find("rows")?.bytes == 1000)
    }
}
