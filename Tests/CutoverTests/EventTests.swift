import Cutover
import CutoverTestKit
import Testing

@Suite("an event") struct EventTests {
    private static let ref = Fold.wire
    private static let odd = Evidence([
        "commas": "a, b,,c", "lengths": "3:abc,4:", "unicode": "Žluťoučký 😀 e\u{301} é", "empty": "", "": "nameless", "fact.x": "prefixed", "answer": "open",
        "lines": "a\nb\u{0}c", "finding": "absent", "claim": "none", "until": "never",
    ])

    static let changes: [Event.Change] = [
        .planAdopted(digest: "d", name: "n, with comma", revision: 3, wave: ""),
        .gateAssessed(ref, claim: "it, is", .open(odd)), .gateAssessed(ref, claim: "", .shut("why")), .gateAssessed(ref, claim: "c", .unknown("")),
        .approved(topic: "exceptions/blank", reason: "", facts: odd.facts), .approved(topic: "L1/lamp.smash", reason: "go", facts: [:]),
        .started(ref, attempt: 1), .checkpointed(ref, odd), .checkpointed(ref, Evidence()), .setAside(ref, until: Fold.later, odd),
        .performed(ref, odd), .performed(ref, Evidence()),
        .verified(ref, .absent(odd)), .verified(ref, .partial(Evidence())), .verified(ref, .inPlace(odd)), .verified(ref, .unknown("dark")),
        .failed(ref, StepFailure("what", effect: .nothingChanged, next: "")), .failed(ref, StepFailure("", effect: .partlyChanged, next: "n")),
        .failed(ref, StepFailure("w", effect: .unknown, next: "n")),
        .rechecked(ref, .absent(odd)), .rechecked(ref, .inPlace(Evidence())), .becameUnknown(ref, detail: "d"), .waitBegan(ref), .waitResumed(ref, began: "o", since: ManualTime.beginning), .tended(ref, reason: "r"), .clockRead(ref, from: 3, []),
        .clockRead(ref, from: 0, [Stretch(kind: .paused, from: ManualTime.beginning, until: ManualTime.beginning, milliseconds: 7, samples: 2, first: "", last: "h", detail: "no  answer, twice ")]), .revertRequested(to: "lamp.wire", reason: "r"),
        .revertRequested(to: nil, reason: "r"), .revertStarted(ref, attempt: 2), .reverted(ref, odd), .reopened(reason: "r"), .held(reason: "r"),
        .released(reason: "r"), .quarantined(reason: "r"), .recovered(reason: "r", odd), .abandoned(ref, reason: "r", facts: odd.facts), .abandoned(nil, reason: "", facts: [:]), .waveOpened(name: "w", tenants: ["a", "b"]), .waveOpened(name: "w", tenants: []),
        .waived(ref, claim: "it, is", reason: "", facts: odd.facts), .waived(ref, claim: "", reason: "r", facts: [:]), .waiverEnded(ref, claim: "it, is", reason: ""), .planKept(digest: "d", text: "{}"),
        .fleetHeld(wave: nil, reason: "r"), .fleetHeld(wave: "w", reason: ""), .fleetReleased(wave: nil, reason: "r"), .fleetReleased(wave: "w", reason: "r"),
        .previewUsed("p", plan: "d", tenants: ["a", "b"]), .previewUsed("p", plan: "d", tenants: []),
        .errandBegan("lamp.set", reason: "r", Evidence(["a": "b"])), .errandEnded("lamp.set", Evidence(["a": "b"])),
        .errandFailed("lamp.set", StepFailure("w", effect: .unknown, next: "n")),
        .adjustmentAsked("lamp.dim", reason: "r", odd), .adjustmentAsked("lamp.dim", reason: "", Evidence()), .adjustmentAnswered("lamp.dim", outcome: "done"),
    ]

    private static func event(_ change: Event.Change, at: Timestamp = ManualTime.beginning) -> Event {
        Event(stream: "acme", revision: 1, at: at, by: "ann", fence: 1, change: change, previous: "p")
    }

    @Test("comes back from its record as it was, through JSON too", arguments: changes)
    func roundTrip(change: Event.Change) throws {
        let event = Self.event(change)
        #expect(EventRecord(event).event() == event)
        let record = try CanonicalJSON.value(EventRecord.self, from: try CanonicalJSON.text(EventRecord(event)))
        #expect(record.event() == event && record.computedHash == event.hash)
    }

    @Test("every kind of change is in the round trip")
    func complete() {
        let kinds = Set(Self.changes.map(\.kind))
        #expect(kinds.sorted() == Event.Change.kinds.sorted(), "a kind was added: add it to the changes above, and to `kinds`")
    }

    @Test("a fact that is missing makes no event", arguments: changes)
    func missingFact(change: Event.Change) {
        let record = EventRecord(Self.event(change))
        for key in record.facts.keys where !["checkpointed", "performed", "reverted"].contains(record.kind) {
            var facts = record.facts
            facts[key] = nil
            let poorer = EventRecord(
                stream: record.stream, revision: record.revision, at: record.at, by: record.by, fence: record.fence, kind: record.kind,
                step: record.step, facts: facts, previous: record.previous, hash: record.hash)
            #expect(poorer.event() == nil, "\(record.kind) without \(key)")
        }
    }

    @Test("facts that would spell the same text hash apart")
    func hashesApart() {
        let pairs: [(Evidence, Evidence)] = [
            (Evidence(["a": "b,c"]), Evidence(["a": "b", "c": ""])), (Evidence(["ab": "c"]), Evidence(["a": "bc"])),
            (Evidence(["a": "1:b"]), Evidence(["a": "1", "b": ""])), (Evidence([:]), Evidence(["": ""])),
        ]
        for (left, right) in pairs {
            #expect(Self.event(.performed(Self.ref, left)).hash != Self.event(.performed(Self.ref, right)).hash)
        }
    }

    @Test("a note is what people may say without a lease")
    func notes() {
        let notes = Set(Self.changes.filter(\.isNote).map(\.kind))
        #expect(notes == ["approved", "waived", "waiverEnded", "revertRequested", "reopened", "held", "released", "fleetHeld", "fleetReleased", "adjustmentAsked", "adjustmentAnswered"])
    }

    @Test("a moment is written so that it reads back to the millisecond")
    func moments() {
        for offset in 0..<20_000 {
            let moment = Timestamp(milliseconds: 1_767_225_600_000 + Int64(offset) * 7919 + Int64(offset % 1000))
            let text = moment.description
            guard Timestamp(text) == moment, text.utf8.count == 24 else {
                Issue.record("\(moment.milliseconds) is written \(text)")
                return
            }
        }
    }

    @Test(
        "a moment is written as the calendar has it",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"), (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"), (1_798_761_599_001, "2026-12-31T23:59:59.001Z"),
        ] as [(Int64, String)])
    func calendar(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
        #expect(Timestamp(text)?.milliseconds == milliseconds)
    }

    @Test("other ways to write a moment are not taken for it", arguments: ["2026-01-01", "2026-01-01T00:00:00Z", "2026-02-30T00:00:00.000Z", "2026-01-01T24:00:00.000Z", "2026-01-01 00:00:00.000Z", "2026-01-01T00:00:00.000+", "yesterday", ""])
    func otherMoments(text: String) { #expect(Timestamp(text) == nil) }
}
