public import Cutover

/// All that can be asked of a host with a lamp. Its things: `mains` (`on`, `off`, anything else is a broken meter),
/// `wired`, `lit`, `drawer`, `retired`, `smashed`, `watched` (which wait, and since when), `blinks`, `dimmed`; and to spoil it: `dark` (can't be seen),
/// `flickered`, `stuck` (the part that can't be set), `ghost` (the part that stays on).
public enum Lamp {
    public struct State: Sendable, Codable, Equatable {
        public let mains: String
        public let wired: Bool
        public let lit: Bool
        public let drawer: Bool
        public let retired: Bool
        public let smashed: Bool
        /// The wait's id and the moment in milliseconds, `id@1767225600000`.
        public let watch: String?
        public let flickered: Bool
    }

    public struct Nothing: Sendable, Codable, Equatable {}

    public struct Read: Reading {
        public static let kind: OperationKind = "lamp.read"
        public typealias Result = State
    }

    /// Sets one part of the lamp to on or off.
    public struct Set: Writing {
        public static let kind: OperationKind = "lamp.set"
        public static let once = Once.convergent
        public typealias Result = Nothing
        public let part: String
        public let on: Bool

        public init(part: String, on: Bool) {
            self.part = part
            self.on = on
        }
    }

    /// Turns the lamp down, also while somebody works on it.
    public struct Dim: Adjusting {
        public static let kind: OperationKind = "lamp.dim"
        public static let once = Once.convergent
        public typealias Result = Nothing
        public let to: Int

        public init(to: Int) { self.to = to }
    }

    public struct Smash: Writing {
        public static let kind: OperationKind = "lamp.smash"
        public static let once = Once.unrepeatable
        public typealias Result = Nothing
        public let because: String
    }

    public struct StartWatch: Writing {
        public static let kind: OperationKind = "lamp.startWatch"
        public static let once = Once.convergent
        public typealias Result = Nothing
        public let began: OperationID
        public let at: Timestamp
    }

    public struct Blink: Exercising {
        public static let kind: OperationKind = "lamp.blink"
        public typealias Result = Nothing
    }

    public static var operations: ScriptedOperations {
        var operations = ScriptedOperations()
        operations.on(Read.self) { (_, things) throws(StepFailure) in
            if things["dark"] != nil { throw StepFailure("too dark to see the lamp", effect: .nothingChanged, next: "bring a torch") }
            return State(
                mains: things["mains"] ?? "on", wired: things["wired"] == "on", lit: things["lit"] == "on", drawer: things["drawer"] == "on",
                retired: things["retired"] == "on", smashed: things["smashed"] == "on", watch: things["watched"],
                flickered: things["flickered"] != nil)
        }
        operations.on(Set.self) { (set, things) throws(StepFailure) in
            if things["stuck"] == set.part { throw StepFailure("\(set.part) is stuck", effect: .nothingChanged, next: "oil it") }
            if things["ghost"] != set.part || set.on { things[set.part] = set.on ? "on" : nil }
            return Nothing()
        }
        operations.on(Dim.self) { (dim, things) throws(StepFailure) in
            if things["stuck"] == "dimmer" { throw StepFailure("the dimmer is stuck", effect: .nothingChanged, next: "oil it") }
            things["dimmed"] = String(dim.to)
            return Nothing()
        }
        operations.on(Smash.self) { (_, things) throws(StepFailure) in
            things["smashed"] = "on"
            return Nothing()
        }
        operations.on(StartWatch.self) { (watch, things) throws(StepFailure) in
            things["watched"] = "\(watch.began)@\(watch.at.milliseconds)"
            return Nothing()
        }
        operations.on(LeaveBehind.self) { (_, _) throws(StepFailure) in LeaveBehind.Result() }
        operations.on(Blink.self) { (_, things) throws(StepFailure) in
            things["blinks"] = String((things["blinks"].flatMap(Int.init) ?? 0) + 1)
            return Nothing()
        }
        return operations
    }
}
