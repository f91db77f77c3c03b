import Cutover

/// What was taken over into a fleet file, and what was not.
struct FleetImportView {
    let added: [TenantID]
    let kept: [TenantID]
    let drift: FleetDrift
    let text: String

    var status: CommandExit { drift.differences.isEmpty ? .done : .changesPending }

    func words(_ paint: Paint) -> String {
        let sum = "\(added.count) added\(added.isEmpty ? "" : " (\(added.map(\.text).joined(separator: ", ")))"), \(kept.count) kept as they were"
        let others = (drift.differences + drift.notes).map { "\($0.tenant ?? $0.instance ?? "?"): \($0.what.rawValue) in \($0.source.rawValue): \($0.detail)" }.map(PlainText.line)
        return ([sum] + others).joined(separator: "\n")
    }

    func json() throws -> String {
        try JSONText.document(Document(added: added, kept: kept, drift: drift.differences, notes: drift.notes, text: text))
    }

    private struct Document: Encodable {
        let formatVersion = 1
        let added: [TenantID]
        let kept: [TenantID]
        let drift: [FleetDrift.Difference]
        let notes: [FleetDrift.Difference]
        let text: String
    }
}
