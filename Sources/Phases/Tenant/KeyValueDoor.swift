import Cutover
import Host

/// Whether the workspace server that runs still serves keys and values out of the old table.
struct KeyValueDoor: ReadsOnHost {
    static let kind: OperationKind = "door.keyValues"
    struct Result: Sendable, Codable {
        let status: Int
        var isClosed: Bool { status == 404 || status == 410 }
    }

    func read(_ host: HostSight) async throws -> Result {
        let doors = try AgentDoors(try host.env())
        // Where this door answers, a 404 of the other is not of an unknown workspace.
        _ = try await doors.sessionSearch("cutover")
        return Result(status: try await doors.keyValuesStatus())
    }

    /// No version of the server that anybody knows of serves keys and values from elsewhere: the release without the door must come first.
    static var closed: Gate {
        .reading("the server has no key/value door any more", KeyValueDoor()) { door, _ in
            door.isClosed
                ? .open(facts(["status": door.status]))
                : .shut("GET …/memory answers \(door.status): agents still read and write \(LegacyTable.keyValues.name); roll out the release without that door")
        }
    }
}
