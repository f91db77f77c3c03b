import Cutover
import Foundation
import Host
import Testing

@testable import Phases

@Suite("what a host keeps for the way back") struct RememberedTests {
    let folder: Folder
    let host: HostSight
    let memory: Remembered

    init() throws {
        folder = try Folder()
        host = try folder.host()
        memory = Remembered("MEMORY_PLUGIN_URL", on: host)
    }

    @Test("nothing is remembered at first")
    func nothing() throws { #expect(try memory.value() == .none) }

    @Test("the first value wins, so that doing a step again forgets nothing")
    func firstWins() throws {
        try memory.keep("http://127.0.0.1:1")
        try memory.keep("http://127.0.0.1:2")
        try memory.keep(nil)
        #expect(try memory.value() == .some("http://127.0.0.1:1"))
    }

    @Test("a setting that was not there is remembered as such, and is not the same as nothing")
    func absent() throws {
        try memory.keep(nil)
        #expect(try memory.value() == .some(.none))
        try memory.keep("later")
        #expect(try memory.value() == .some(.none))
    }

    @Test("a value is kept as it is", arguments: ["", "absent", "value=x", " blanks ", "a\nb", "é"])
    func exactly(value: String) throws {
        try memory.keep(value)
        #expect(try memory.value() == .some(value))
    }

    @Test("what is forgotten can be remembered anew, and forgetting twice is harmless")
    func forget() throws {
        try memory.keep("one")
        for _ in 0..<2 { try memory.forget() }
        #expect(try memory.value() == .none)
        try memory.keep("two")
        #expect(try memory.value() == .some("two"))
    }

    @Test("two settings are kept apart")
    func apart() throws {
        try memory.keep("one")
        #expect(try Remembered("WORKSPACE_SERVER_COMMAND", on: host).value() == .none)
    }
}

@Suite("what the watch is told to sample") struct SamplingProfileTests {
    private let profile = SamplingProfile(
        kind: .soak, table: .memories, everySeconds: 900, marker: "wait-1", sidecar: Sidecar(program: "env:PLUGIN_COMMAND", listen: "env:PLUGIN_LISTEN", healthSeconds: 20))

    @Test("a profile comes back as it was saved, the newest one counts, and it can be taken away")
    func roundTrip() async throws {
        let folder = try Folder()
        let host = try folder.host()
        #expect(try SamplingProfile.current(host) == nil)
        try profile.save(host)
        #expect(try SamplingProfile.current(host) == profile)
        let next = SamplingProfile(kind: .shadow, table: .keyValues, everySeconds: 1, marker: "wait-2", sidecar: profile.sidecar)
        try next.save(host)
        #expect(try SamplingProfile.current(host) == next)
        for _ in 0..<2 { try await SamplingProfile.end(host) }
        #expect(try SamplingProfile.current(host) == nil)
    }

    @Test("only samples under the wait's own marker are judged, in the order of the ledger")
    func samplesOfOneWait() async throws {
        let folder = try Folder()
        let host = try folder.host()
        let empty = try await SamplesSince(marker: "wait-1", longestGapSeconds: 60).read(host)
        #expect(empty.samples == 0 && !empty.profileSet && !empty.watchRuns)
        try profile.save(host)
        for (marker, verdict) in [("wait-0", "safety"), ("wait-1", "green"), ("wait-1", "green"), ("wait-2", "safety"), ("wait-1", "availability"), ("wait-1", "nonsense")] {
            try await host.evidence.append("sample", ["marker": marker, "verdict": verdict, "detail": verdict])
        }
        try await host.evidence.append("exercise", ["marker": "wait-1", "verdict": "safety"])
        let seen = try await SamplesSince(marker: "wait-1", longestGapSeconds: 60).read(host)
        #expect(seen.samples == 4 && seen.resets == 0 && seen.pauses == 2 && seen.gaps == 0)
        #expect(seen.lastTrouble == "nonsense")
        #expect(seen.profileSet)
        #expect(seen.digest != empty.digest)
    }

    @Test("evidence that was changed opens nothing: it can't be read")
    func tampered() async throws {
        let folder = try Folder()
        let host = try folder.host()
        for _ in 0..<2 { try await host.evidence.append("sample", ["marker": "wait-1", "verdict": "safety"]) }
        let text = try #require(try DurableFile.read(host.evidence.path))
        try DurableFile.write(text.replacing("safety", with: "green"), to: host.evidence.path)
        await #expect(throws: HostFault.self) { try await SamplesSince(marker: "wait-1", longestGapSeconds: 60).read(host) }
    }
}

@Suite("traces of exercises") struct ExerciseTraceTests {
    let folder: Folder
    let hand: HostHand

    init() throws {
        folder = try Folder()
        hand = HostHand(sight: try folder.host(), operation: "op-1", fence: 1, journal: "journal-1")
    }

    private var newest: ExerciseTrace? {
        get throws { try ExerciseTrace.newest("sidecar.trial", after: .sidecar, on: hand.sight) }
    }

    @Test("the newest trace of a name counts, whatever its outcome")
    func newestCounts() async throws {
        #expect(try newest == nil)
        try await ExerciseTrace.record("sidecar.trial", green: true, ["pid": "1"], by: hand)
        try await ExerciseTrace.record("other.trial", green: true, [:], by: hand)
        try await ExerciseTrace.record("sidecar.trial", green: false, ["why": "it broke"], by: hand)
        let trace = try #require(try newest)
        #expect(!trace.green)
        #expect(trace.facts["why"] == "it broke")
        #expect(trace.facts["operation"] == "op-1")
    }

    @Test("a trace from before its effect was begun anew proves nothing")
    func outlived() async throws {
        try await ExerciseTrace.record("sidecar.trial", green: true, [:], by: hand)
        try await Effect.wiring.begin(by: hand)
        #expect(try newest?.green == true)
        try await Effect.sidecar.begin(by: hand)
        #expect(try newest == nil)
        try await ExerciseTrace.record("sidecar.trial", green: true, [:], by: hand)
        #expect(try newest?.green == true)
    }
}
