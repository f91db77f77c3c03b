import Foundation

/// What must hold for a figure's ratio.
enum Goal: Sendable {
    case atLeast(Double)
    case atMost(Double)

    var bound: Double {
        switch self {
        case .atLeast(let bound), .atMost(let bound): bound
        }
    }

    func isMet(by ratio: Double) -> Bool {
        switch self {
        case .atLeast(let bound): ratio >= bound
        case .atMost(let bound): ratio <= bound
        }
    }
}

/// One measured figure: ours against something, and the goal of their ratio.
struct Figure: Sendable {
    let bench: String
    let ours: Double
    let against: Double
    let unit: String
    let ratio: Double
    let goal: Goal

    /// Of paired runs: medians of both sides, and the median of the runs' own ratios.
    init(_ bench: String, _ pairs: Pairs, unit: String, _ goal: Goal) {
        self.bench = bench
        self.ours = median(pairs.ours)
        self.against = median(pairs.against)
        self.unit = unit
        self.ratio = median(zip(pairs.ours, pairs.against).map { $0 / $1 })
        self.goal = goal
    }

    /// Against a fixed bound: `ratio` is the share of it.
    init(_ bench: String, _ ours: [Double], bound: Double, unit: String, _ goal: Goal) {
        self.init(bench, Pairs(ours: ours, against: ours.map { _ in bound }), unit: unit, goal)
    }

    var isMet: Bool { goal.isMet(by: ratio) }

    var json: String {
        func number(_ value: Double) -> String { value.isFinite ? String(format: "%.4g", value).plain(value) : "null" }
        return """
            {"bench": "\(bench)", "ours": \(number(ours)), "against": \(number(against)), "unit": "\(unit)", \
            "ratio": \(number(ratio)), "goal": \(number(goal.bound)), "met": \(isMet)}
            """
    }

    /// For people: one line a figure.
    static func table(_ figures: [Figure]) -> String {
        let width = max(10, figures.map(\.bench.count).max() ?? 0)
        func padded(_ text: String, _ width: Int) -> String { text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0) }
        func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
        func short(_ value: Double) -> String { abs(value) >= 100 ? String(format: "%.0f", value) : String(format: "%.3g", value) }
        let head = padded("bench", width) + right("ours", 10) + right("against", 10) + "  " + padded("unit", 9) + right("ratio", 7) + "  goal"
        return ([head] + figures.map { figure in
            let sign = if case .atLeast = figure.goal { ">=" } else { "<=" }
            return padded(figure.bench, width) + right(short(figure.ours), 10) + right(short(figure.against), 10) + "  " + padded(figure.unit, 9)
                + right(String(format: "%.3f", figure.ratio), 7) + "  \(sign) \(String(format: "%g", figure.goal.bound)) \(figure.isMet ? "met" : "MISSED")"
        }).joined(separator: "\n")
    }
}

extension String {
    /// Four digits are enough, but not `1.235e+05`.
    fileprivate func plain(_ value: Double) -> String { contains("e") ? String(format: "%.0f", value) : self }
}
