import Foundation
import Postgres

/// One id to be carried over, as v1's snapshot showed it.
struct Errand: Sendable {
    enum Task: Sendable, Equatable {
        /// The store is to have what v1 has.
        case put(SentRecord)
        /// The store is to have it no more, in any of these namespaces.
        case forget(namespaces: [String])
    }

    let id: UUID
    let task: Task
    /// What both sides last agreed on, where the store is thought to have the id: a hexadecimal digest and a namespace.
    let agreed: (digest: String, namespace: String)?
    /// Its former life ended in v1: what the store has of it is to go, whatever it says.
    let died: Bool
    let isParked: Bool
    let seqs: [Int]
    /// Why v2 can't hold what v1 has now, though it is to lose what it had.
    let reason: String?
    /// A person wants it so, whatever the store shows: that is read and kept, and overwritten.
    var isForced = false
    /// It is to be listed once it is carried: the kind of credential its text looks like.
    let credential: String?

    /// Errands of one namespace are run one after another, so that the store's newest are v1's newest.
    var queue: String {
        switch task {
        case .put(let record): record.namespace
        case .forget(let namespaces): namespaces.last ?? ""
        }
    }

    var sentDigest: String? { if case .put(let record) = task { record.digest } else { nil } }
}

/// How an errand ended.
struct Errandry: Sendable {
    enum End: Sendable {
        /// It was read back as it should be.
        case proven
        /// Both sides have something the other did not know; nothing was sent.
        case conflict
        case excepted(reason: String, detail: String, mayLieThere: Bool)
        /// Nothing is known to have happened; it is to be tried again.
        case notNow(String)
    }

    let errand: Errand
    let end: End
    /// What the store showed before, and the record of that should be kept.
    var kept: FoundRecord?
    /// It was overwritten or forgotten without having been read just before.
    var unread = false
}

/// Runs the errands of one namespace, oldest first, one request at a time.
struct NamespaceErrands: Sendable {
    let store: any RecordStore

    /// All of them, namespaces side by side.
    static func run(_ errands: [Errand], _ store: any RecordStore) async -> [Errandry] {
        await withTaskGroup(of: [Errandry].self) { group in
            for (_, some) in Dictionary(grouping: errands, by: \.queue) {
                group.addTask {
                    let heard = Heard()
                    await NamespaceErrands(store: store).run(some) { await heard.add($0) }
                    return await heard.all
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
    }

    private actor Heard {
        private(set) var all: [Errandry] = []
        func add(_ some: [Errandry]) { all += some }
    }

    /// So often a record that is not shown after its 201 is sent again.
    static let sendings = 3

    /// - Parameter behind: how many more of the namespace wait for these.
    func run(_ errands: [Errand], behind: Int = 0, _ tell: @Sendable ([Errandry]) async -> Void) async {
        var waiting: [(errand: Errand, record: SentRecord, before: Before)] = []
        for (place, errand) in errands.enumerated() {
            let ended = await begin(errand, behind: behind + errands.count - place, &waiting)
            if let ended {
                await tell([ended])
                if case .notNow(let why) = ended.end {
                    // Later ones must not overtake it.
                    await tell(await prove(waiting))
                    return await tell(errands[(place + 1)...].map { Errandry(errand: $0, end: .notNow(why)) })
                }
            }
        }
        await tell(await prove(waiting))
    }

    // MARK: - Non public

    /// What the store showed before it was written.
    private struct Before: Sendable {
        var kept: FoundRecord?
        var unread = false
        /// Why the last request for it counts as not answered; nil when it was.
        var unanswered: String?
    }

    /// Nil when the record was sent and has yet to be read back.
    private func begin(_ errand: Errand, behind: Int, _ waiting: inout [(errand: Errand, record: SentRecord, before: Before)]) async -> Errandry? {
        do {
            switch errand.task {
            case .forget(let namespaces): return try await forget(errand, namespaces)
            case .put(var record):
                var before = Before()
                if let conflict = try await readBefore(errand, &record, &before) { return conflict }
                switch await store.put(record, behind: behind) {
                case .done: waiting.append((errand, record, before))
                case .refused(let why): return Errandry(errand: errand, end: .excepted(reason: ExceptionRules.refused, detail: why, mayLieThere: errand.agreed != nil))
                case .notNow(let why): return Errandry(errand: errand, end: .notNow(why))
                case .unknown(let why): return await afterwards(errand, record, before, why)
                }
                return nil
            }
        } catch { return Errandry(errand: errand, end: .notNow("\(error)")) }
    }

    /// A record the store is thought to have is read before it is overwritten: somebody may have edited or forgotten it there.
    private func readBefore(_ errand: Errand, _ record: inout SentRecord, _ before: inout Before) async throws -> Errandry? {
        guard let agreed = errand.agreed else { return nil }
        switch try await store.read([Sought(errand.id, content: record.content, embedding: record.embedding)], in: agreed.namespace)[errand.id] {
        case .found(let found):
            record.kept = found
            // The same words, whoever wrote them: only our mark is missing.
            if found.content.utf8.elementsEqual(record.content.utf8), found.namespace == record.namespace { return nil }
            if found.digest == agreed.digest && !errand.isParked && !errand.isForced { return nil }
            before.kept = found
            return errand.died || errand.isForced ? nil : Errandry(errand: errand, end: .conflict, kept: found)
        case .absent:
            // Forgotten there, or lost by the store: nobody but a person can tell, and bringing it back might be wrong.
            return errand.died || errand.isForced ? nil : Errandry(errand: errand, end: .conflict)
        case .undetermined, nil:
            before.unread = true
            return nil
        }
    }

    private func forget(_ errand: Errand, _ namespaces: [String]) async throws -> Errandry {
        var ended = Errandry(errand: errand, end: .proven)
        for namespace in namespaces {
            let sought = Sought(errand.id, content: nil)
            switch try await store.read([sought], in: namespace)[errand.id] {
            case .found(let found): if found.digest != errand.agreed?.digest { ended.kept = found }
            case .absent: break
            case .undetermined, nil: ended.unread = true
            }
            if let trouble = try await take(errand.id, from: namespace) { return Errandry(errand: errand, end: trouble) }
        }
        return ended
    }

    /// Nil when the plugin said it forgot the id and does not show it.
    private func take(_ id: UUID, from namespace: String) async throws -> Errandry.End? {
        for _ in 1...Self.sendings {
            let answer = await store.forget(id, in: namespace)
            switch answer {
            case .refused(let why): return .excepted(reason: ExceptionRules.refused, detail: "forgetting it: \(why)", mayLieThere: true)
            case .notNow(let why): return .notNow(why)
            // It may land late, after somebody has written the id anew: not before that time is over is it settled.
            case .unknown: try await Task.sleep(for: .seconds(store.lateSeconds))
            case .done: break
            }
            switch try await store.read([Sought(id, content: nil)], in: namespace)[id] {
            case .absent: return nil
            case .undetermined where answer == .done, nil where answer == .done: return nil
            default: continue
            }
        }
        return .excepted(reason: ExceptionRules.notReadBack, detail: "the plugin was told to forget the memory, and shows it", mayLieThere: true)
    }

    /// After a request without an answer: nothing is believed until it can't land any more.
    private func afterwards(_ errand: Errand, _ record: SentRecord, _ before: Before, _ why: String) async -> Errandry {
        do { try await Task.sleep(for: .seconds(store.lateSeconds)) } catch { return Errandry(errand: errand, end: .notNow("stopped")) }
        var before = before
        before.unanswered = why
        return await prove([(errand, record, before)])[0]
    }

    /// Reads back what was sent; what is not shown as it was sent is sent again.
    private func prove(_ waiting: [(errand: Errand, record: SentRecord, before: Before)]) async -> [Errandry] {
        guard let namespace = waiting.first?.record.namespace else { return [] }
        var ended: [Errandry] = []
        var left = waiting
        for sending in 1...Self.sendings {
            let findings: [UUID: Showing]
            do {
                findings = try await store.readBack(left.map { Sought($0.errand.id, content: $0.record.content, embedding: $0.record.embedding) }, in: namespace)
            } catch { return ended + left.map { Errandry(errand: $0.errand, end: .notNow("\(error)")) } }
            var again: [(errand: Errand, record: SentRecord, before: Before)] = []
            for one in left {
                if case .found(let found)? = findings[one.errand.id], found.holds(one.record) {
                    ended.append(Errandry(errand: one.errand, end: .proven, kept: one.before.kept, unread: one.before.unread))
                } else if sending == Self.sendings, let why = one.before.unanswered {
                    // Nobody said that it was stored: there is nothing wrong with the record.
                    ended.append(Errandry(errand: one.errand, end: .notNow(why)))
                } else if sending == Self.sendings {
                    ended.append(Errandry(errand: one.errand, end: Self.notThere(findings[one.errand.id])))
                } else {
                    var one = one
                    let answer = await store.put(one.record, behind: .max)
                    one.before.unanswered = nil
                    switch answer {
                    case .done: again.append(one)
                    case .refused(let why): ended.append(Errandry(errand: one.errand, end: .excepted(reason: ExceptionRules.refused, detail: why, mayLieThere: true)))
                    case .notNow(let why): ended.append(Errandry(errand: one.errand, end: .notNow(why)))
                    case .unknown(let why):
                        one.before.unanswered = why
                        do { try await Task.sleep(for: .seconds(store.lateSeconds)) } catch { return ended + left.map { Errandry(errand: $0.errand, end: .notNow("stopped")) } }
                        again.append(one)
                    }
                }
            }
            left = again
            if left.isEmpty { break }
        }
        return ended
    }

    /// Known not to be there, or not known to be.
    private static func notThere(_ finding: Showing?) -> Errandry.End {
        switch finding {
        case .found: .excepted(reason: ExceptionRules.notStored, detail: "the plugin shows another text than was sent", mayLieThere: true)
        case .absent: .excepted(reason: ExceptionRules.notStored, detail: "the plugin answered 201 and does not have it", mayLieThere: true)
        case .undetermined, nil: .excepted(reason: ExceptionRules.notReadBack, detail: "the plugin answered 201, and no search shows it", mayLieThere: true)
        }
    }
}
