import Cutover

/// Wires the lamp, if the mains are on.
struct WireLamp: ReversibleStep {
    var preconditions: [Gate] {
        [
            Gate("the mains are on") { sight in
                guard let state = try? await sight.ask(Lamp.Read()) else { return .unknown("the lamp can't be seen") }
                return switch state.mains {
                case "on": .open(Evidence(["mains": "on"]))
                case "off": .shut("they are off")
                default: .unknown("the meter is broken")
                }
            }
        ]
    }
    var wayBack: [Gate] { [Gate("the wire can be cut") { _ in .open(Evidence()) }] }

    func preview(_ sight: Sight) async throws(StepFailure) -> Preview { Preview(commands: [sight.commandLine(.writing, Lamp.Set.kind)]) }

    func perform(_ site: Site) async throws(StepFailure) -> Evidence {
        _ = try await site.carryOut(Lamp.Set(part: "wired", on: true))
        return Evidence(["wire": "copper"])
    }

    func verify(_ sight: Sight) async throws(StepFailure) -> Finding {
        try await sight.ask(Lamp.Read()).wired ? .inPlace(Evidence(["wired": "yes"])) : .absent(Evidence(["wired": "no"]))
    }

    func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence {
        _ = try await site.carryOut(Lamp.Set(part: "wired", on: false))
        return Evidence(["removed": performed?.facts["wire"] ?? "whatever was there"])
    }
}

/// Blinks once and lights the lamp: an exercise, a checkpoint and a writing operation in one step.
struct LightLamp: ReversibleStep {
    var preconditions: [Gate] { [] }
    var wayBack: [Gate] { [] }

    func preview(_ sight: Sight) async throws(StepFailure) -> Preview {
        Preview(commands: [sight.commandLine(.exercising, Lamp.Blink.kind), sight.commandLine(.writing, Lamp.Set.kind)])
    }

    func perform(_ site: Site) async throws(StepFailure) -> Evidence {
        _ = try await site.exercise(Lamp.Blink())
        try await site.checkpoint(Evidence(["blinked": "once"]))
        _ = try await site.carryOut(Lamp.Set(part: "lit", on: true))
        return Evidence(["lumen": "800"])
    }

    func verify(_ sight: Sight) async throws(StepFailure) -> Finding {
        let state = try await sight.ask(Lamp.Read())
        if state.lit { return state.wired ? .inPlace(Evidence(["lit": "yes"])) : .partial(Evidence(["lit": "yes", "wired": "no"])) }
        return .absent(Evidence(["lit": "no"]))
    }

    func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence {
        _ = try await site.carryOut(Lamp.Set(part: "lit", on: false))
        return Evidence()
    }
}

/// Watches the lamp burn for a while; a flicker starts the watch again.
struct WatchLamp: Wait {
    let seconds: Int
    var preconditions: [Gate] { [] }

    func preview(_ sight: Sight) async throws(StepFailure) -> Preview { Preview(commands: [sight.commandLine(.writing, Lamp.StartWatch.kind)]) }

    func verify(_ sight: Sight) async throws(StepFailure) -> Finding {
        .inPlace(Evidence(["watched": "\(try await sight.ask(Lamp.Read()).watch != nil)"]))
    }

    func tend(_ site: Site, began: OperationID) async throws(StepFailure) -> Evidence {
        _ = try await site.carryOut(Lamp.StartWatch(began: began, at: site.sight.time.now))
        return Evidence()
    }

    func remembered(_ sight: Sight) async throws(StepFailure) -> RememberedWait? {
        let watch = try await sight.ask(Lamp.Read()).watch?.split(separator: "@") ?? []
        guard watch.count == 2, let since = Int64(watch[1]) else { return nil }
        return RememberedWait(began: OperationID(String(watch[0])), since: Timestamp(milliseconds: since))
    }

    func observe(_ sight: Sight, began: OperationID) async -> Observation {
        guard let state = try? await sight.ask(Lamp.Read()) else { return Observation(.unknown("the lamp can't be seen")) }
        let watch = state.watch?.split(separator: "@") ?? []
        guard watch.first.map(String.init) == began.text, let since = watch.last.flatMap({ Int64($0) }) else {
            return Observation(.shut("nobody watches"), needsTending: "nobody watches")
        }
        if state.flickered { return Observation(.shut("it flickered"), clearedBy: .person("replace the bulb")) }
        let watched = Int(sight.time.now.seconds(since: Timestamp(milliseconds: since)))
        return watched >= seconds ? Observation(.open(Evidence(["seconds": "\(seconds)"]))) : Observation(.shut("\(watched) of \(seconds) s"), again: sight.time.now.adding(seconds: seconds - watched))
    }
}

/// Puts the lamp into a drawer, and after a while takes it out of use: a step in two halves with a grace period between.
struct RetireLamp: GracefulStep {
    let graceSeconds = 300
    var preconditions: [Gate] { [] }
    var wayBack: [Gate] { [] }

    func preview(_ sight: Sight) async throws(StepFailure) -> Preview { Preview(commands: [sight.commandLine(.writing, Lamp.Set.kind)]) }

    func setAside(_ site: Site) async throws(StepFailure) -> Evidence {
        _ = try await site.carryOut(Lamp.Set(part: "drawer", on: true))
        return Evidence(["drawer": "lower"])
    }

    func perform(_ site: Site) async throws(StepFailure) -> Evidence {
        _ = try await site.carryOut(Lamp.Set(part: "retired", on: true))
        return Evidence()
    }

    func verify(_ sight: Sight) async throws(StepFailure) -> Finding {
        let state = try await sight.ask(Lamp.Read())
        if state.retired { return .inPlace(Evidence(["retired": "yes"])) }
        return state.drawer ? .partial(Evidence(["drawer": "yes"])) : .absent(Evidence(["drawer": "no"]))
    }

    func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence {
        _ = try await site.carryOut(Lamp.Set(part: "retired", on: false))
        _ = try await site.carryOut(Lamp.Set(part: "drawer", on: false))
        return Evidence()
    }
}

/// Nothing mends a smashed lamp.
struct SmashLamp: IrreversibleStep {
    var preconditions: [Gate] { [] }

    func preview(_ sight: Sight) async throws(StepFailure) -> Preview { Preview(commands: [sight.commandLine(.writing, Lamp.Smash.kind)]) }

    func perform(_ site: Site, with consent: Consent) async throws(StepFailure) -> Evidence {
        _ = try await site.carryOut(Lamp.Smash(because: consent.reason))
        return Evidence(["consent": consent.by.text])
    }

    func verify(_ sight: Sight) async throws(StepFailure) -> Finding {
        try await sight.ask(Lamp.Read()).smashed ? .inPlace(Evidence(["smashed": "yes"])) : .absent(Evidence(["smashed": "no"]))
    }
}
