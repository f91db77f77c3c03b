import Foundation

/// What grows, read once a round, and how much it may grow from round to round.
///
/// A single peak says nothing: judged is the slope of the line through all rounds but the first ones, in which caches fill, and only where it
/// has come to more than a hundredth part a round.
struct Gauge {
    struct Bound {
        let what: String
        let unit: String
        /// Growth a round that is still none.
        let perRound: Double
    }

    static let warmUp = 2
    let bound: Bound
    private(set) var readings: [Double] = []

    init(_ bound: Bound) { self.bound = bound }

    mutating func read(_ value: Double) { readings.append(value) }

    var last: Double { readings.last ?? 0 }

    /// By least squares; nil while there are too few rounds to tell.
    var slope: Double? {
        let values = readings.dropFirst(Self.warmUp)
        guard values.count >= 4 else { return nil }
        let (count, middle) = (Double(values.count), Double(values.count - 1) / 2)
        let mean = values.reduce(0, +) / count
        let above = values.enumerated().reduce(0) { $0 + (Double($1.offset) - middle) * ($1.element - mean) }
        let below = values.indices.enumerated().reduce(0) { $0 + (Double($1.offset) - middle) * (Double($1.offset) - middle) }
        return above / below
    }

    var trouble: String? {
        guard let slope, slope > bound.perRound, slope > (readings.dropFirst(Self.warmUp).first ?? 0) / 100 else { return nil }
        return String(format: "%@ grows by %.2f %@ a round, and %.2f are allowed: %@", bound.what, slope, bound.unit, bound.perRound, readings.map { String(format: "%.1f", $0) }.joined(separator: " "))
    }

    var told: String { String(format: "%@ %.1f %@%@", bound.what, last, bound.unit, slope.map { String(format: " (%+.2f a round)", $0) } ?? "") }
}

/// What a process takes of the machine.
enum ProcessUse {
    /// Resident memory in MiB; nil when it is gone.
    static func memory(_ pid: Int32) -> Double? {
        Leftovers.read(pid, "status").split(separator: "\n").first { $0.hasPrefix("VmRSS:") }.flatMap { Double($0.split(separator: " ").dropLast().last ?? "") }.map { $0 / 1024 }
    }

    static func descriptors(_ pid: Int32) -> Double? { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")).map { Double($0.count) } }

    /// Of all files in it, in KiB.
    static func size(of path: String) -> Double {
        var info = stat()
        guard lstat(path, &info) == 0 else { return 0 }
        guard info.st_mode & S_IFMT == S_IFDIR else { return Double(info.st_size) / 1024 }
        return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).reduce(0) { $0 + size(of: "\(path)/\($1)") }
    }
}
