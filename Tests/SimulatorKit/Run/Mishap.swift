import Simulation

/// One thing that goes wrong, or that somebody does. Written `MINUTE:KIND:WHOM:AMOUNT`, the minute counted from the start.
public struct Mishap: Sendable, Hashable, Comparable, CustomStringConvertible {
    public enum Kind: String, Sendable, CaseIterable {
        // Of a host, by the tenant's number. Its next process that changes something dies at that one of its moments; alone, or with the machine.
        case processDies, machineDiesWithIt
        /// For so many minutes.
        case machineCrashes, unreachable, diskIsFull, diskIsReadOnly
        /// By so many seconds.
        case clockIsSet
        /// By so many parts in a million.
        case clockDrifts
        // Of a delivery to a tenant's host: the next that is to change something, after so many others.
        case requestLost, answerLost, deliveredTwice
        /// By so many minutes.
        case deliveredLate
        // Of an operator, by number: dies at that of its moments; sleeps in one for so many minutes.
        case operatorDies, operatorSleeps
        /// What it appends next is durable, and it does not hear of it.
        case appendNotHeardOf
        /// For so many minutes, and for everybody.
        case journalUnreachable
        /// To what it was so many minutes before.
        case journalPutBack
        // What people do. For so many hours.
        case held, fleetHeld
        // For so many hours: a check of a step is set aside, and half of them let count again before; a tenant is given up, and taken in again.
        case waived, abandoned
        /// To the step of that number, and forward again a day later.
        case takenBack
        /// The rollout's figures, or a step's settings.
        case planChanged
        // In the fleet file, a tenant is not named before that minute; not for so many hours; has the labels of another wave for so many hours.
        case namedLate, notNamed, labelledOtherwise
        // Of a tenant's own world.
        case databaseRestart, databaseFailover, deadlock, lockTimeout, pluginStalled, pluginLies, plugin5xx, pluginSlow, pluginUp, pluginDies
        case serverRestartedWithOldSettings, rebuiltFromBackup, moved, deleted, captureDisabled, oldTableRead
    }

    public let minute: Int
    public let kind: Kind
    public let whom: Int
    public let amount: Int

    public init(minute: Int, _ kind: Kind, whom: Int, amount: Int) {
        self.minute = minute
        self.kind = kind
        self.whom = whom
        self.amount = amount
    }

    /// Nil unless `text` is what `description` writes.
    public init?(_ text: some StringProtocol) {
        let parts = String(text).split(separator: ":").map(String.init)
        guard parts.count == 4, let minute = Int(parts[0]), let kind = Kind(rawValue: parts[1]), let whom = Int(parts[2]), let amount = Int(parts[3]) else { return nil }
        self.init(minute: minute, kind, whom: whom, amount: amount)
    }

    public var description: String { "\(minute):\(kind.rawValue):\(whom):\(amount)" }

    public static func < (one: Self, other: Self) -> Bool {
        (one.minute, one.kind.rawValue, one.whom, one.amount) < (other.minute, other.kind.rawValue, other.whom, other.amount)
    }

    /// Nil where it is not of a tenant's own world.
    var ofTenant: TenantMishap? { TenantMishap.Kind(rawValue: kind.rawValue).map { TenantMishap($0, amount) } }
}

/// What befalls a world, in order of time.
public struct Story: Sendable, Equatable, CustomStringConvertible {
    public var mishaps: [Mishap]
    public init(_ mishaps: [Mishap]) { self.mishaps = mishaps.sorted() }

    /// Nil unless every part is a mishap; `none` has none.
    public init?(_ text: String) {
        if text == "none" { self.init([]) } else {
            let parts = text.split(separator: ",").map { Mishap($0) }
            guard !parts.isEmpty, !parts.contains(nil) else { return nil }
            self.init(parts.compactMap { $0 })
        }
    }

    public var description: String { mishaps.isEmpty ? "none" : mishaps.map(\.description).joined(separator: ",") }
}

extension Story {
    /// How often each befalls one tenant, or one operator, or the fleet, in forty-five days; and how much of it.
    private struct Rate {
        let kind: Mishap.Kind
        let often: Double
        let amount: ClosedRange<Int>
        init(_ kind: Mishap.Kind, _ often: Double, _ amount: ClosedRange<Int> = 0...0) {
            self.kind = kind
            self.often = often
            self.amount = amount
        }
    }

    private static let ofTenants = [
        Rate(.processDies, 1.5, 1...16), Rate(.machineDiesWithIt, 0.7, 1...16), Rate(.machineCrashes, 0.7, 1...90), Rate(.unreachable, 0.5, 5...2880),
        Rate(.diskIsFull, 0.2, 5...600), Rate(.diskIsReadOnly, 0.1, 5...600), Rate(.clockIsSet, 0.3, -86_400...86_400), Rate(.clockDrifts, 0.2, -2000...2000),
        Rate(.requestLost, 1, 0...6), Rate(.answerLost, 1, 0...6), Rate(.deliveredTwice, 0.7, 0...6), Rate(.deliveredLate, 0.7, 1...240),
        Rate(.held, 0.2, 1...72), Rate(.takenBack, 0.15, 0...12), Rate(.waived, 0.5, 1...168), Rate(.abandoned, 0.04, 1...240),
        Rate(.namedLate, 0.06), Rate(.notNamed, 0.05, 1...240), Rate(.labelledOtherwise, 0.08, 1...240),
        Rate(.databaseRestart, 0.5), Rate(.databaseFailover, 0.05, 1...30), Rate(.deadlock, 0.5), Rate(.lockTimeout, 0.5), Rate(.pluginStalled, 0.3, 1...120),
        Rate(.pluginLies, 0.1, 1...60), Rate(.plugin5xx, 0.3, 1...120), Rate(.pluginSlow, 0.2, 1...120), Rate(.serverRestartedWithOldSettings, 0.1),
        Rate(.rebuiltFromBackup, 0.05, 1...72), Rate(.moved, 0.03), Rate(.deleted, 0.02), Rate(.pluginDies, 0.2), Rate(.captureDisabled, 0.1), Rate(.oldTableRead, 0.1),
    ]
    private static let ofOperators = [Rate(.operatorDies, 8, 1...40), Rate(.operatorSleeps, 3, 1...720), Rate(.appendNotHeardOf, 2, 1...10)]
    private static let ofTheFleet = [Rate(.journalUnreachable, 1, 1...240), Rate(.journalPutBack, 0.15, 1...2880), Rate(.fleetHeld, 0.5, 1...48), Rate(.planChanged, 0.3, 0...3)]

    /// What befalls so many tenants and operators in so many days. What befalls one of them does not depend on how many there are.
    public static func drawn(seed: UInt64, tenants: Int, operators: Int, days: Int) -> Story {
        var mishaps: [Mishap] = []
        func draw(_ rates: [Rate], _ whom: Int, _ name: String) {
            for rate in rates {
                var chance = Chance(seed: seed, for: "\(rate.kind.rawValue) of \(name)")
                // A fate of its own to each: some are spared everything, and some get it thick.
                let expected = rate.often * Double(days) / 45 * [0, 0.5, 1, 2.5][chance.number(0...3)]
                let count = Int(expected) + (chance.happens((expected - expected.rounded(.down)) * 100) ? 1 : 0)
                for _ in 0..<count {
                    mishaps.append(Mishap(minute: chance.number(0...days * 1440), rate.kind, whom: whom, amount: chance.number(rate.amount)))
                }
            }
        }
        for tenant in 0..<tenants { draw(ofTenants, tenant, "tenant \(tenant)") }
        for number in 0..<operators { draw(ofOperators, number, "operator \(number)") }
        draw(ofTheFleet, 0, "the fleet")
        return Story(mishaps)
    }
}
