import Cutover

/// What a fleet file and what others list have in common, and what not.
struct FleetDriftView {
    let tenants: Int
    let compared: [Inventory]
    let drift: FleetDrift

    var status: CommandExit { drift.differences.isEmpty ? .done : .changesPending }

    func human(_ paint: Paint) -> String {
        let lists = compared.map { "\($0.instances.count) in \($0.source.rawValue)" }.joined(separator: ", ")
        let sum = "\(tenants) tenants in the fleet file, \(lists): " + (drift.differences.isEmpty ? paint.green("they agree") : paint.red("\(drift.differences.count) differences"))
        if drift.differences.isEmpty, drift.notes.isEmpty { return sum }
        var table = Table(["TENANT", "INSTANCE", "LIST", "WHAT", "DETAIL"])
        for (found, isDrift) in drift.differences.map({ ($0, true) }) + drift.notes.map({ ($0, false) }) {
            table.add([found.tenant ?? "-", found.instance ?? "-", found.source.rawValue, found.what.rawValue, found.detail], paint: isDrift ? [3: paint.red] : [:])
        }
        return "\(table.text)\n\(sum)"
    }

    func json() throws -> String {
        try JSONText.document(
            Document(
                tenants: tenants, compared: compared.map { .init(source: $0.source, instances: $0.instances.count) }, drift: drift.differences, notes: drift.notes))
    }

    private struct Document: Encodable {
        struct List: Encodable {
            let source: Inventory.Source
            let instances: Int
        }
        let formatVersion = 1
        let tenants: Int
        let compared: [List]
        let drift: [FleetDrift.Difference]
        let notes: [FleetDrift.Difference]
    }
}
