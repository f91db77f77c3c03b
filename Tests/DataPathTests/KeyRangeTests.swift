import DataPath
import Foundation
import Postgres
import ProgramsTestKit
import Testing

@Suite("Ranges of keys", .serialized)
struct KeyRangeTests {
    /// Keys as they come: spread, close together, the ends, and with all but the last bytes the same.
    private func keys(_ random: inout Dice, _ count: Int) -> [UUID] {
        let prefix = (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
        return (0..<count).map { _ in
            var bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
            switch Int.random(in: 0..<8, using: &random) {
            case 0...2: bytes.replaceSubrange(0..<14, with: prefix[0..<14])
            case 3: bytes = [UInt8](repeating: 0, count: 16)
            case 4: bytes = [UInt8](repeating: 255, count: 16)
            default: break
            }
            return UUID(bytes)
        }
    }

    @Test("split ranges hold every key once, in order, whatever the keys they were split at", arguments: seeds(12))
    func partition(seed: UInt64) {
        var random = Dice(seed: seed)
        for _ in 0..<200 {
            let ends = keys(&random, 2).sorted()
            let whole = [
                KeyRange.all, KeyRange(lower: ends[0], upper: nil), KeyRange(lower: nil, upper: ends[1]), KeyRange(lower: ends[0], upper: ends[1]),
            ].randomElement(using: &random) ?? .all
            let boundaries = keys(&random, Int.random(in: 0..<20, using: &random)) + ends
            let parts = whole.split(at: boundaries)
            #expect(parts.first?.lower == whole.lower && parts.last?.upper == whole.upper, "seed \(seed)")
            for (one, next) in zip(parts, parts.dropFirst()) { #expect(one.upper == next.lower && one.upper != nil, "seed \(seed)") }
            if whole.lower != whole.upper || whole == .all {
                for part in parts where part.lower != nil && part.upper != nil { #expect(part.lower! < part.upper!, "seed \(seed)") }
            }
            for key in keys(&random, 20) + boundaries {
                #expect(parts.count { $0.contains(key) } == (whole.contains(key) ? 1 : 0), "seed \(seed)")
            }
            // Split once more, the parts are parts of the parts.
            let finer = parts.flatMap { $0.split(at: keys(&random, 3)) }
            for key in boundaries { #expect(finer.count { $0.contains(key) } == (whole.contains(key) ? 1 : 0), "seed \(seed)") }
        }
    }

    @Test("no keys and one key leave one range or two")
    func edges() {
        let key = UUID()
        #expect(KeyRange.all.split(at: []) == [.all])
        #expect(KeyRange.all.split(at: [key, key]) == [KeyRange(lower: nil, upper: key), KeyRange(lower: key, upper: nil)])
        let from = KeyRange(lower: key, upper: nil)
        #expect(from.split(at: [key]) == [from])
        #expect(!KeyRange(lower: nil, upper: key).contains(key))
        #expect(from.contains(key))
    }

    @Test("the order of keys is the server's", arguments: seeds(2))
    func order(seed: UInt64) async throws {
        var random = Dice(seed: seed)
        let some = keys(&random, 300)
        let connection = try await PostgresConnection.connect(try SharedCluster.running.get().url())
        let sorted = try await connection.query("SELECT id FROM unnest($1::uuid[]) id ORDER BY id", [.uuids(some)]).map { try $0.uuid("id") }
        await connection.close()
        #expect(sorted == some.sorted(), "seed \(seed)")
    }
}

/// As many seeds, from `$CUTOVER_SEED` on when it is set; a failing test prints its own.
func seeds(_ count: Int) -> [UInt64] {
    let first = ProcessInfo.processInfo.environment["CUTOVER_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 1...1_000_000)
    return (0..<UInt64(count)).map { first + $0 }
}

extension UUID {
    init(_ bytes: [UInt8]) {
        self.init(uuid: (
            bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7], bytes[8], bytes[9], bytes[10], bytes[11],
            bytes[12], bytes[13], bytes[14], bytes[15]
        ))
    }
}
