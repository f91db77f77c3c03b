import Cutover

/// All that is asked of a simulated host, whatever the plan's steps are about.
enum Simulated {
    struct Nothing: Sendable, Codable, Equatable {}

    struct Look: Reading {
        static let kind: OperationKind = "simulated.look"
        struct Result: Sendable, Codable {
            let there: Bool
            let half: Bool
            /// Why the step's gate is shut now.
            let shut: String?
        }
        let place: String
    }

    /// "Not now", where whoever runs the host says so.
    struct Veto: Reading {
        static let kind: OperationKind = "simulated.veto"
        struct Result: Sendable, Codable { let objection: String? }
    }

    struct Act: Writing {
        static let kind: OperationKind = "simulated.act"
        static let once = Once.convergent
        typealias Result = Nothing
        let place: String
        let part: Part
        enum Part: String, Sendable, Codable { case whole, first, back }
    }

    struct BeginSamples: Writing {
        static let kind: OperationKind = "simulated.beginSamples"
        static let once = Once.convergent
        typealias Result = Nothing
        let place: String
        let began: OperationID
        let everySeconds: Int
        let longestGapSeconds: Int
    }

    struct Samples: Reading {
        static let kind: OperationKind = "simulated.samples"
        struct Result: Sendable, Codable {
            let runs: Bool
            let coveredSeconds: Double
            let samples: Int
            let gaps: Int
            let resets: Int
            let pauses: Int
            let isRed: Bool
            let stretches: [Stretch]
            var words: String { "\(Int(coveredSeconds)) s covered, \(samples) samples, \(gaps) gaps, \(resets) resets, \(pauses) pauses" }
        }
        let place: String
        let began: OperationID
    }
}
