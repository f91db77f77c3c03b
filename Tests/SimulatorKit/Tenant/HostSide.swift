import Cutover

/// What runs and what lies on a tenant's host besides its database and our ledger.
struct HostSide: Sendable, Equatable {
    struct Settings: Sendable, Equatable {
        var pluginURL: String?
        var version: String
        var isStrict: Bool { version == HostSide.strictVersion }
    }
    struct Plugin: Sendable, Equatable {
        var runs = false
        var mood = PluginMood.up
        /// This plan took it into use.
        var isInUse = false
        var isHealthy: Bool { runs && (mood == .up || mood == .lying) }
    }
    struct Sampling: Sendable, Equatable {
        let profile: String
        let marker: String
        let kind: String
        let everySeconds: Int
        let signed: [String: String]
        var next: Timestamp
    }
    struct Work: Sendable, Equatable {
        let payload: String
        var runs: Bool
        /// By whom it was ordered.
        let order: WorldEffect
        var result: String?
        var failure: StepFailure?
        /// Of the archive that it wrote.
        var mark: String?
    }

    static let ownURL = "http://127.0.0.1:9101"
    /// Where a plugin was said to be in production, and never was.
    static let nobodysURL = "http://127.0.0.1:9100"
    static let (olderVersion, strictVersion) = ("server 1", "server 2, strict")

    var file: Settings
    /// As it was started; nil while it does not run.
    var server: Settings?
    var plugin = Plugin()
    var watchRuns = false
    /// What a setting was before we changed it.
    var remembered: [String: String] = [:]
    var sampling: Sampling?
    /// What was tried since the effect was last begun, and whether it went well.
    var trials: [String: Bool] = [:]
    var works: [String: Work] = [:]
    var rehearsal: ArchivedTable.Rehearsal?
    var held: String?
    /// What no store holds, written down when the host was left.
    var keptTexts: Set<String> = []

    /// Notes that the effect is begun anew: no older trial proves anything of it.
    mutating func begin(_ effect: String, trial: String) { trials[trial] = nil }
}

/// The archive, off the host: no mishap of the tenant's takes it.
struct ArchivedTable: Sendable, Equatable {
    struct Rehearsal: Sendable, Equatable {
        let mark: String
        let rows: Int
        let frozenDigest: String
        let at: Timestamp
    }
    let mark: String
    let rows: [Int: OldRow]
    let frozenDigest: String
}

enum PluginMood: String, Sendable {
    case up
    /// It takes requests and does not answer.
    case stalled
    /// It says 201 and stores nothing.
    case lying
    /// It answers 5xx.
    case failing
    case slow
}
