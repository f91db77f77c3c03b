import Foundation

/// What `status --json` tells, as far as cases ask.
struct StatusAnswer: Decodable {
    struct Tenant: Decodable {
        let tenant: String
        let milestone: String
        let phase: String
        let step: String
        let state: String
        let since: String
        let held: String?
        let next: String
        var place: String { step.isEmpty ? "" : "\(phase)/\(step)" }
    }
    struct Budget: Decodable {
        let inMotion: Int
        let failures: Int
    }
    let tenants: [Tenant]
    let budget: Budget
}

struct WhyAnswer: Decodable {
    let step: String
    let claim: String
    let answer: String
    let clearedBy: String
    let next: String
}

struct HistoryAnswer: Decodable {
    struct Event: Decodable {
        let revision: Int
        let by: String
        let kind: String
        let step: String?
        let facts: [String: String]
        let hash: String
        /// Without the tenant.
        var place: String { step.map { $0.split(separator: "/").dropFirst().joined(separator: "/") } ?? "" }
    }
    struct Clock: Decodable {
        let step: String
        let coveredSeconds: Double
        let hostAheadSeconds: Double?
        let hostAheadWithinSeconds: Double?
    }
    let events: [Event]
    let clocks: [Clock]
}

struct ExceptionsAnswer: Decodable {
    struct Exception: Decodable {
        let id: String
        let side: Int
        let reason: String
        let carried: Bool
    }
    struct Conflict: Decodable {
        let n: Int
        let id: String
        let v1: String
        let v2: String
    }
    let exceptions: [Exception]
    let counts: [String: Int]
    let conflicts: [Conflict]
}

struct AccessAnswer: Decodable {
    struct Count: Decodable {
        let scope: String
        let role: String
        let lost: Int
    }
    let gained: Int
    let lost: Int
    let counts: [Count]
}

struct RefereeAnswer: Decodable {
    struct Tenant: Decodable {
        struct Offence: Decodable {
            let id: String?
            let memory: String?
            let reason: String
        }
        let tenant: String
        let accounted: Int
        let excepted: Int
        let lost: [Offence]
        let invented: [Offence]
        let wronglyExcepted: [Offence]
        let probesLeft: [String]
        let error: String?
    }
    let ok: Bool
    let tenants: [Tenant]
}

struct LabAnswer: Decodable {
    struct Tenant: Decodable {
        let tenant: String
        let server: String
        let plugin: String
        let agents: String
        let v1: Int?
        let v2: Int?
    }
    let postgres: String
    let tenants: [Tenant]
}

struct CheckAnswer: Decodable {
    struct Tenant: Decodable {
        struct Step: Decodable {
            let step: String
            let finding: String
            let detail: String
        }
        let steps: [Step]
    }
    let tenants: [Tenant]
}

extension RunningProgram.Ended {
    func answer<Answer: Decodable>(_ type: Answer.Type = Answer.self) throws -> Answer {
        do { return try JSONDecoder().decode(type, from: Data(out.utf8)) } catch {
            throw Trouble("`\(words)` ended with \(code) and answered no \(type): \(said)")
        }
    }
}
