public import Cutover
import DataPath
import Host

/// The old table that a step is about; what a plan's `table:` names.
public enum LegacyTable: String, Sendable, Codable, CaseIterable {
    case memories = "agent_memories"
    case keyValues = "workspace_memory"

    /// As statements and people call it.
    var name: String { dataPath.v1Memories.description }
    var schema: String { dataPath.schema }

    var dataPath: DataPathSettings {
        switch self {
        case .memories: DataPathSettings()
        case .keyValues: .keyValues
        }
    }

    /// The name of a trial or an effect that each table has for itself.
    func own(_ name: String) -> String { self == .memories ? name : "\(name) \(rawValue)" }

    init(_ step: StepSpec) { self = step.settings.text("table").flatMap(LegacyTable.init) ?? .memories }

    /// The tables that a plan's steps are about, the memories first; the memories where none is named.
    public static func of(_ plan: Plan) -> [LegacyTable] {
        let moved = plan.steps.filter { $0.spec.kind == "mirror.install" }.map { LegacyTable($0.spec) }
        return allCases.filter { moved.contains($0) || moved.isEmpty && $0 == .memories }
    }
}

/// Which tables the watch of this state folder keeps in step. Another plan's state folder beside it names its own.
struct Mirrored: Sendable {
    let host: HostSight

    private func path(_ table: LegacyTable) -> String { "\(host.statePath)/mirror.\(table.rawValue)" }

    func tables() throws -> [LegacyTable] { try LegacyTable.allCases.filter { try DurableFile.read(path($0)) != nil } }
    func add(_ table: LegacyTable) throws { try DurableFile.write("\n", to: path(table)) }
    func remove(_ table: LegacyTable) throws { try DurableFile.remove(path(table)) }
}
