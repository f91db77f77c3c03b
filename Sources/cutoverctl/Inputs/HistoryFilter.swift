import ArgumentParser
import Cutover
import PlanFiles

/// Which events of a history are asked for. Each option narrows; several values of one widen it.
struct HistoryOptions: ParsableArguments {
    @Option(help: "Only from this moment on: \(Moment.forms).", transform: Moment.read)
    var since: Moment?
    @Option(help: "Only before this moment.", transform: Moment.read)
    var until: Moment?
    @Option(help: "Only this step and what people signed of it: A1/env.wire, env.wire, or all of a phase, A1. Can be given more than once.")
    var step: [String] = []
    @Option(help: "Only what was recorded in this person's name. Can be given more than once.")
    var by: [String] = []
    @Option(help: "Only events of this kind, such as approved or failed. Can be given more than once.")
    var kind: [String] = []

    func filter(now: Timestamp) throws(CommandFailure) -> HistoryFilter {
        let (since, until) = (try since?.past("--since", now: now), try until?.past("--until", now: now))
        if let since, let until, since >= until {
            throw CommandFailure("no time lies between --since and --until", why: "\(since) is not before \(until)", next: "cutoverctl history --help", status: .usage)
        }
        if let unknown = kind.first(where: { !Event.Change.kinds.contains($0) }) {
            throw Self.unknown("kind of event", unknown, among: Event.Change.kinds)
        }
        return HistoryFilter(since: since, until: until, steps: step, people: Set(by), kinds: Set(kind))
    }

    static func unknown(_ what: String, _ name: String, among known: [String]) -> CommandFailure {
        let meant = Spelling.nearest(to: name, among: known).map { "did you mean \($0)?" }
        return CommandFailure(
            "there is no \(what) \(name)", why: meant ?? (known.isEmpty ? "none is on record" : "there are \(known.joined(separator: ", "))"), next: "cutoverctl history --help", status: .usage)
    }
}

struct HistoryFilter: Sendable, Equatable {
    var since: Timestamp?
    var until: Timestamp?
    var steps: [String] = []
    var people: Set<String> = []
    var kinds: Set<String> = []

    static let everything = HistoryFilter()

    /// Nothing but perhaps the step was narrowed: a wait's clock is then told whole, or not at all.
    var tellsClocks: Bool { since == nil && until == nil && people.isEmpty && kinds.isEmpty }

    func admits(_ record: EventRecord) -> Bool {
        // Moments are recorded in one form, which sorts as they do.
        if let since, record.at < since.description { return false }
        if let until, record.at >= until.description { return false }
        if !people.isEmpty, !people.contains(record.by.text) { return false }
        if !kinds.isEmpty, !kinds.contains(record.kind) { return false }
        return steps.isEmpty || record.places.contains(where: concerns)
    }

    func concerns(_ place: String) -> Bool {
        steps.isEmpty || steps.contains { place == $0 || place.hasSuffix("/\($0)") || place.hasPrefix("\($0)/") }
    }

    /// Throws for a step or a person that neither these events nor the plans know: a slip would look like an empty record.
    func requireKnown(_ records: [EventRecord], plans: [Plan]) throws(CommandFailure) {
        let places = Set(plans.flatMap { $0.steps.map(\.place) } + records.flatMap(\.places))
        for step in steps where !places.contains(where: { HistoryFilter(steps: [step]).concerns($0) }) {
            throw HistoryOptions.unknown("step", step, among: places.sorted())
        }
        let known = Set(records.map(\.by.text))
        for person in people.sorted() where !known.contains(person) { throw HistoryOptions.unknown("person on record called", person, among: known.sorted()) }
    }
}

extension EventRecord {
    /// The places of the steps it is about: its own, and one that somebody agreed to.
    var places: [String] {
        let own = step.map { [$0.split(separator: "/", omittingEmptySubsequences: false).dropFirst().joined(separator: "/")] } ?? []
        guard kind == "approved", let topic = facts["topic"], topic.split(separator: "/").count == 2 else { return own }
        return own + [topic]
    }
}
