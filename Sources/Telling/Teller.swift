public import Cutover
import Synchronization

/// Tells hooks what came into the journal, each at his own pace and from where he was told last: a hook that hangs holds up neither the loop nor another hook.
///
/// The journal is the queue. A notice counts as told when its hook has said so and that is on record; a crash in between tells it again, under the same id.
public struct Teller: Sendable {
    private let engine: Engine
    private let hooks: [Hook]
    private let record: any ToldRecord
    private let random: any RandomSource
    /// Words for the operator. No address is ever in them.
    private let note: @Sendable (String) -> Void
    private let bells: [Bell]
    private let isEnding = Flag()

    /// How many events are read at once.
    private static let batch = 200
    /// How often a hook that refuses what he is told hears the same.
    private static let refusals = 5
    private static let longestPauseSeconds = 600.0
    /// News are rung for; this is for those that nobody rang for.
    private static let restMilliseconds = 60_000

    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .relaxed) }
        func set() { value.store(true, ordering: .relaxed) }
    }

    public init(engine: Engine, hooks: [Hook], record: any ToldRecord, random: any RandomSource, note: @escaping @Sendable (String) -> Void) {
        self.engine = engine
        self.hooks = hooks
        self.record = record
        self.random = random
        self.note = note
        self.bells = hooks.map { _ in Bell() }
    }

    /// Something came into the journal.
    public func wake() { for bell in bells { bell.ring() } }

    /// Where hooks begin that were never told anything: what happened before is not news to anybody.
    public func beginning() async throws(JournalError) -> JournalMark { try await engine.journal.news(since: nil).mark }

    /// Tells until the task is cancelled, or, once it was told to end, until all has been told that is in the journal.
    public func run(from beginning: JournalMark) async {
        await withDiscardingTaskGroup { group in
            for (hook, bell) in zip(hooks, bells) { group.addTask { await self.serve(hook, bell, from: beginning) } }
        }
    }

    public func end() {
        isEnding.set()
        wake()
    }

    // MARK: - One hook

    private func serve(_ hook: Hook, _ bell: Bell, from beginning: JournalMark) async {
        var told = Told(mark: beginning)
        do { told = try await record.read(hook.name) ?? told } catch { note("what hook \(hook.name) was told can't be read, so it is told what comes from now on: \(error)") }
        var mishaps = 0
        while !Task.isCancelled {
            do throws(EngineError) {
                let more = try await tellBatch(hook, &told, bell)
                mishaps = 0
                if more { continue }
                if isEnding.isSet { return }
                await bell.rest(milliseconds: Self.restMilliseconds, engine.time)
            } catch {
                // The journal is out of reach; the loop says so.
                mishaps += 1
                if isEnding.isSet { return }
                await pause(mishaps, least: 0)
            }
        }
    }

    /// True when there may be more.
    private func tellBatch(_ hook: Hook, _ told: inout Told, _ bell: Bell) async throws(EngineError) -> Bool {
        let (events, mark): ([EventRecord], JournalMark)
        do { (events, mark) = try await engine.journal.appended(since: told.mark, limit: Self.batch) } catch { throw .journal(error) }
        var isNew = false
        for record in events {
            guard let event = record.event() else { continue }
            for notice in try await engine.notices(of: event) where hook.wants(notice) && !told.topics.contains(notice.id) {
                guard await deliver(notice, to: hook) else { return false }
                told.add(notice.id)
                await keep(told, of: hook)
                isNew = true
            }
        }
        guard mark != told.mark else { return false }
        told.mark = mark
        // Where nothing was told, to read the same again after a restart is cheaper than to write it down each time.
        if isNew || events.count == Self.batch { await keep(told, of: hook) }
        return !events.isEmpty
    }

    private func keep(_ told: Told, of hook: Hook) async {
        do { try await record.write(told, of: hook.name) } catch { note("what hook \(hook.name) was told can't be recorded, so it may be told twice: \(error)") }
    }

    /// False when it was given up because nobody is to be told any more.
    private func deliver(_ notice: Notice, to hook: Hook) async -> Bool {
        var tries = 0
        while !Task.isCancelled {
            do throws(HookTrouble) {
                try await hook.door.tell(notice)
                if tries > 1 { note("hook \(hook.name) was told of \(notice.kind.rawValue) at the \(tries + 1)th try") }
                return true
            } catch {
                tries += 1
                if tries == 1 || tries % 20 == 0 { note("hook \(hook.name) could not be told of \(notice.kind.rawValue): \(error)") }
                if error.isFinal, tries >= Self.refusals {
                    note("hook \(hook.name) refuses what it is told of \(notice.kind.rawValue), and is not told of it again: \(error)")
                    return true
                }
                if isEnding.isSet, tries > 1 { return false }
                await pause(tries, least: error.leaveAlone)
            }
        }
        return false
    }

    /// Twice as long each time, ten minutes at most, and between half and one and a half times that by chance.
    private func pause(_ tries: Int, least: Double) async {
        let seconds = min(Self.longestPauseSeconds, 0.5 * Double(1 << min(tries, 12)))
        let chance = Double(random.bytes(1).first ?? 128) / 255
        let milliseconds = Int(max(least, seconds * (0.5 + chance)) * 1000)
        try? await engine.time.sleep(milliseconds: milliseconds)
    }
}
