import Foundation

/// Where a lab keeps what.
struct LabLayout: Sendable {
    /// Absolute, without links or dots.
    let root: String

    init(root: String) {
        let whole = root.hasPrefix("/") ? root : FileManager.default.currentDirectoryPath + "/" + root
        self.root = URL(fileURLWithPath: whole).standardizedFileURL.resolvingSymlinksInPath().path
    }

    var record: String { "\(root)/lab.json" }
    var fleetFile: String { "\(root)/fleet.yaml" }
    func vault(_ tenant: String) -> String { "\(root)/vault/\(tenant)" }
    func keyValueVault(_ tenant: String) -> String { "\(root)/vault-kv/\(tenant)" }
    func tenant(_ id: String) -> TenantFolder { TenantFolder(path: "\(root)/tenants/\(id)") }

    /// Eight hex digits that tell this lab from others on the machine.
    var mark: String {
        var hash: UInt32 = 0x811C_9DC5
        for byte in root.utf8 { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        let hex = String(hash, radix: 16)
        return String(repeating: "0", count: 8 - hex.count) + hex
    }

    /// Where the cluster goes when PostgreSQL's account cannot get into the lab's own folder.
    var refuge: String { "/var/tmp/cutover-lab-\(mark)" }

    /// True for this lab's root and whatever lies below it.
    func holds(_ path: some StringProtocol) -> Bool { path == root || path.hasPrefix(root + "/") }
}

/// A tenant's host, as far as the lab plays one.
struct TenantFolder: Sendable {
    let path: String

    var env: String { "\(path)/env" }
    var serverPID: String { "\(path)/server.pid" }
    var serverLog: String { "\(path)/server.log" }
    /// The orchestrator's; the lab never looks inside.
    var host: String { "\(path)/host" }
    var account: String { "\(path)/account" }
    var accountBase: String { "\(account)/base.jsonl" }
    var accountActs: String { "\(account)/acts.jsonl" }
    var agentsPID: String { "\(path)/agents.pid" }
    var agentsLog: String { "\(path)/agents.log" }
    /// While this file is there, agents begin no act.
    var pauseFile: String { "\(account)/pause" }
    /// The agents copy the pause file's text here once no act is in flight.
    var pausedFile: String { "\(account)/paused" }
}
