public import CoreMetrics
import Synchronization

/// Metrics in this process, as Prometheus asks for them: swift-metrics' backend and its text in one.
///
/// A label stays for the life of the process, so nothing that has no bound (a tenant, an address) may be one.
public final class MetricsRegistry: MetricsFactory, Sendable {
    enum Kind: String { case counter, gauge, summary }

    struct Series: Hashable {
        let name: String
        let labels: [Label]
    }

    struct Label: Hashable {
        let name: String
        let value: String
    }

    private struct State {
        var kinds: [String: Kind] = [:]
        var helps: [String: String] = [:]
        var cells: [Series: Cell] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    /// What stands above a metric, for people.
    public func describe(_ name: String, _ help: String) { state.withLock { $0.helps[Self.plain(name)] = help } }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler { cell(label, dimensions, .counter) }
    public func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler { cell(label, dimensions, .counter) }
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler { cell(label, dimensions, .gauge) }
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        cell(label, dimensions, aggregate ? .summary : .gauge)
    }
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { cell("\(label)_seconds", dimensions, .summary) }

    // A series that was told once is told for the life of the process: a counter that came back smaller would look like a restart.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    // MARK: - Non public

    private func cell(_ label: String, _ dimensions: [(String, String)], _ kind: Kind) -> Cell {
        let series = Series(name: Self.plain(label), labels: dimensions.map { Label(name: Self.plain($0.0), value: $0.1) }.sorted { $0.name < $1.name })
        return state.withLock { state in
            state.kinds[series.name] = state.kinds[series.name] ?? kind
            if let cell = state.cells[series] { return cell }
            let cell = Cell(kind)
            state.cells[series] = cell
            return cell
        }
    }

    /// A name that Prometheus takes: letters, digits and underscores, and no digit first.
    private static func plain(_ name: String) -> String {
        let text = String(String.UnicodeScalarView(name.unicodeScalars.map { ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0) ? $0 : "_" }))
        return text.first.map { $0.isNumber } ?? true ? "_\(text)" : text
    }

    /// All of it, in the text format 0.0.4, in order of name and labels.
    public var text: String {
        let (kinds, helps, cells) = state.withLock { ($0.kinds, $0.helps, $0.cells) }
        var lines: [String] = []
        for (name, series) in Dictionary(grouping: cells.keys, by: \.name).sorted(by: { $0.key < $1.key }) {
            if let help = helps[name] { lines.append("# HELP \(name) \(PrometheusText.help(help))") }
            lines.append("# TYPE \(name) \((kinds[name] ?? .gauge).rawValue)")
            let ordered = series.map { (PrometheusText.labels($0.labels), cells[$0]) }.sorted { $0.0 < $1.0 }
            for (labels, cell) in ordered { if let cell { lines += cell.lines(name, labels) } }
        }
        return lines.map { $0 + "\n" }.joined()
    }
}

/// One series' value.
final class Cell: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, TimerHandler, Sendable {
    private let kind: MetricsRegistry.Kind
    private let value = Mutex((sum: 0.0, count: 0))

    init(_ kind: MetricsRegistry.Kind) { self.kind = kind }

    func increment(by amount: Int64) { add(Double(amount)) }
    func increment(by amount: Double) { add(amount) }
    func decrement(by amount: Double) { add(-amount) }
    func reset() { value.withLock { $0 = (0, 0) } }
    func set(_ number: Int64) { set(Double(number)) }
    func set(_ number: Double) { value.withLock { $0 = (number, 1) } }
    func record(_ number: Int64) { record(Double(number)) }
    func record(_ number: Double) { if kind == .summary { add(number) } else { set(number) } }
    func recordNanoseconds(_ nanoseconds: Int64) { add(Double(nanoseconds) / 1e9) }

    private func add(_ amount: Double) {
        value.withLock { value in
            value.sum += amount
            value.count += 1
        }
    }

    func lines(_ name: String, _ labels: String) -> [String] {
        let (sum, count) = value.withLock { $0 }
        if kind == .summary { return ["\(name)_sum\(labels) \(PrometheusText.number(sum))", "\(name)_count\(labels) \(count)"] }
        return ["\(name)\(labels) \(PrometheusText.number(sum))"]
    }
}
