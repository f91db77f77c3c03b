import HTTP
import Testing

@Suite("how many requests may be in flight") struct FlightLimitTests {
    /// SplitMix64: the same seed, the same run.
    struct Dice {
        var state: UInt64
        mutating func next() -> Double {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return Double((z ^ (z >> 31)) >> 11) / Double(1 << 53)
        }
    }

    /// A server with so many hands: beyond them, requests wait for their turn.
    static func drive(_ limit: inout FlightLimit, hands: Int, seconds: Double, service: Double = 0.005, from start: Double = 0, each: (FlightLimit, Double) -> Void = { _, _ in }) -> Double {
        var dice = Dice(state: UInt64(hands))
        var now = start
        var free = [Double](repeating: start, count: hands)
        var flying: [(began: Double, ends: Double)] = []
        while now < start + seconds {
            while limit.mayBegin(inFlight: flying.count, at: now) {
                let hand = free.indices.min { free[$0] < free[$1] } ?? 0
                free[hand] = max(free[hand], now) + service * (0.6 + 0.8 * dice.next())
                flying.append((now, free[hand]))
            }
            guard let next = flying.indices.min(by: { flying[$0].ends < flying[$1].ends }) else {
                now = max(now + 0.001, limit.quietUntil)
                continue
            }
            let (began, ends) = flying.remove(at: next)
            now = ends
            limit.answered(began: began, at: now)
            each(limit, now)
        }
        return now
    }

    @Test("it finds about as many as the server has hands, from 2 to 64", arguments: [2, 4, 8, 16, 32, 64])
    func finds(hands: Int) {
        var limit = FlightLimit(.init(most: 256))
        var sum = 0, count = 0
        _ = Self.drive(&limit, hands: hands, seconds: 8) { limit, now in
            guard now > 4 else { return }
            sum += limit.limit
            count += 1
        }
        let mean = Double(sum) / Double(max(1, count))
        #expect(mean >= Double(hands) * 0.9, "\(mean) for \(hands) hands")
        #expect(mean <= Double(hands) * 2.5 + 4, "\(mean) for \(hands) hands")
    }

    @Test("whatever happens, it stays within its bounds, a refusal never raises it, and the same run gives the same", arguments: 0..<40)
    func withinBounds(seed: UInt64) {
        func run() -> FlightLimit {
            var dice = Dice(state: seed)
            let least = 1 + Int(dice.next() * 6)
            let bounds = FlightLimit.Bounds(least: least, most: least + Int(dice.next() * 100), latencySeconds: 0.1 + dice.next(), pauseSeconds: 1 + dice.next() * 10)
            var limit = FlightLimit(bounds)
            var now = 0.0
            for _ in 0..<1000 {
                now += dice.next() * 0.02
                let began = now - dice.next() * 0.3
                if dice.next() < 0.05 {
                    let before = limit.limit
                    let asked = dice.next() < 0.3 ? dice.next() * 20 : nil
                    limit.refused(began: began, at: now, retryAfter: asked, chance: dice.next())
                    #expect(limit.limit <= before)
                    #expect(limit.quietUntil > now)
                    if let asked { #expect(limit.quietUntil >= now + asked) }
                } else {
                    limit.answered(began: began, at: now)
                }
                #expect((bounds.least...bounds.most).contains(limit.limit))
                #expect(!limit.mayBegin(inFlight: limit.limit, at: limit.quietUntil))
                #expect(!limit.mayBegin(inFlight: 0, at: limit.quietUntil - 0.001))
                #expect(limit.mayBegin(inFlight: 0, at: limit.quietUntil))
            }
            return limit
        }
        #expect(run() == run())
    }

    @Test("requests refused together cut once; one sent after the cut cuts again")
    func cutsOnce() {
        var limit = FlightLimit(.init(most: 64))
        _ = Self.drive(&limit, hands: 64, seconds: 5)
        let before = limit.limit
        for _ in 0..<10 { limit.refused(began: 4.99, at: 5.1, retryAfter: nil, chance: 0.5) }
        #expect(limit.limit == max(1, before / 2))
        limit.refused(began: 6, at: 6.1, retryAfter: nil, chance: 0.5)
        #expect(limit.limit == max(1, before / 4))
    }

    @Test("pauses double with each refusal, are spread by chance, and end at their bound")
    func pauses() {
        func pause(after refusals: Int, chance: Double) -> Double {
            var limit = FlightLimit(.init(pauseSeconds: 2))
            for _ in 0..<refusals { limit.refused(began: 10, at: 10, retryAfter: nil, chance: chance) }
            return limit.quietUntil - 10
        }
        for refusals in 1...5 { #expect(abs(pause(after: refusals + 1, chance: 0.5) / pause(after: refusals, chance: 0.5) - 2) < 0.001) }
        #expect(pause(after: 3, chance: 0) < pause(after: 3, chance: 0.99))
        #expect(pause(after: 60, chance: 0.9) == 2)
    }

    @Test("latency above its bound makes it shrink though nothing is refused")
    func latency() {
        var limit = FlightLimit(.init(most: 64, latencySeconds: 0.05))
        let end = Self.drive(&limit, hands: 32, seconds: 3)
        let before = limit.limit
        _ = Self.drive(&limit, hands: 2, seconds: 10, service: 0.02, from: end)
        #expect(limit.limit < before / 2)
        #expect(limit.limit <= 12)
    }
}
