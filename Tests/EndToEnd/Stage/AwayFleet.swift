import Foundation

/// A lab's fleet file in which one tenant's host can't be reached: nothing listens where it is said to be.
enum AwayFleet {
    static func text(_ fleet: String, without tenant: String) throws -> String {
        let away = fleet.replacing(try Regex("id: \(tenant), host: [^,]+, transport: [a-z]+"), with: "id: \(tenant), host: \"ssh://127.0.0.1:1\", transport: ssh")
        try expect(away != fleet, "the lab's fleet file has no tenant \(tenant)")
        return away
    }
}
