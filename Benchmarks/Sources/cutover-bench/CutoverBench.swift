import Foundation

/// `cutover-bench [NAME…]`: measures the benches named, or all; a table for people, then one JSON object a line.
@main
enum CutoverBench {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            if arguments.first == "--as" { return try await play(Array(arguments.dropFirst())) }
            exit(try await measure(arguments))
        } catch {
            tell("cutover-bench: \(error)")
            exit(1)
        }
    }

    private static func play(_ arguments: [String]) async throws {
        guard let name = arguments.first, let role = roles[name] else { throw Trouble("there is no role \(arguments.first ?? "")") }
        try await role(Array(arguments.dropFirst()))
    }

    /// A missed goal is a figure like any other; 1 only if something could not be measured.
    private static func measure(_ names: [String]) async throws -> Int32 {
        let chosen = benches.filter { names.isEmpty || names.contains($0.name) }
        let known = benches.map(\.name)
        if let unknown = names.first(where: { !known.contains($0) }) {
            tell("there is no bench \(unknown): there are \(known.joined(separator: ", "))")
            return 64
        }
        let rows = ProcessInfo.processInfo.environment["ROWS"].flatMap { Int($0) } ?? 100_000
        let ground = Ground(cluster: try BenchCluster.start(), rows: rows)
        var figures: [Figure] = []
        var failed = false
        for bench in chosen {
            tell("== \(bench.name)")
            do { figures += try await bench.measure(ground) } catch {
                tell("\(bench.name) could not be measured: \(error)")
                failed = true
            }
        }
        print(Figure.table(figures))
        for figure in figures { print(figure.json) }
        return failed ? 1 : 0
    }
}
