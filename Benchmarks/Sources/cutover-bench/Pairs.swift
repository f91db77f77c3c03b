import Foundation

/// Both sides of runs in which each ran once, one right after the other.
struct Pairs: Sendable {
    var ours: [Double] = []
    var against: [Double] = []

    mutating func add(_ what: String, _ run: Int, _ ours: Double, _ against: Double) {
        tell(String(format: "%@ %d: %.4g against %.4g, ratio %.3f", what, run, ours, against, ours / against))
        self.ours.append(ours)
        self.against.append(against)
    }
}

/// Runs both sides in turn, the other one first each time: what slows the machine down for a while hits both.
func paired(
    _ what: String, runs: Int = 5, ours: () async throws -> Double, against: () async throws -> Double
) async throws -> Pairs {
    var pairs = Pairs()
    for run in 1...max(5, runs) {
        var pair = (ours: 0.0, against: 0.0)
        if run.isMultiple(of: 2) {
            pair.ours = try await ours()
            pair.against = try await against()
        } else {
            pair.against = try await against()
            pair.ours = try await ours()
        }
        pairs.add(what, run, pair.ours, pair.against)
    }
    return pairs
}

func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard let last = sorted.last else { return .nan }
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted.count == 1 ? last : sorted[middle]
}

/// Seconds of wall clock that `body` takes.
func seconds(_ body: () async throws -> Void) async throws -> Double {
    let started = ContinuousClock.now
    try await body()
    return inSeconds(ContinuousClock.now - started)
}

func inSeconds(_ time: Duration) -> Double {
    Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
}

/// Words go to standard error: standard output holds the figures.
func tell(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
}
