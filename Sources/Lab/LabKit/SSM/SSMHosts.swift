/// The hosts that are registered.
struct SSMHosts: Sendable {
    let all: [LabSSMHost]
    private let byID: [String: LabSSMHost]

    init(_ all: [LabSSMHost]) {
        self.all = all
        byID = Dictionary(all.map { ($0.instanceID, $0) }) { first, _ in first }
    }

    subscript(id: String) -> LabSSMHost? { byID[id] }

    /// Those that a command's targets mean.
    func targeted(_ key: String, _ values: [String]) -> [String] {
        if key == "InstanceIds" { return values.filter { byID[$0] != nil } }
        guard key.hasPrefix("tag:") else { return [] }
        return all.filter { $0.tags[String(key.dropFirst(4))].map(values.contains) == true }.map(\.instanceID)
    }
}
