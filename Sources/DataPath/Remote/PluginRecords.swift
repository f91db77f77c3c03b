public import Foundation
public import HTTP
import Synchronization

/// The records of a plugin that speaks the contract over HTTP, whether it keeps to the written one or to what the bundled server does.
public final class PluginRecords: RecordStore {
    public let lateSeconds: Double
    let base: String
    private let timeout: Int
    private let pool: HTTPPool
    private let gate: FlightGate
    /// Namespaces known to be there: something was stored in them.
    private let known = Mutex<Set<String>>([])
    private let made = Atomic(0)
    private let lastTrouble = Mutex<String?>(nil)

    /// - Parameter chance: 0..<1, spreads pauses.
    public init(_ settings: LaneSettings, latencySeconds: Double = 0.5, chance: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }) {
        base = settings.plugin
        timeout = Int(settings.timeoutSeconds * 1000)
        lateSeconds = settings.lateSeconds
        pool = HTTPPool(connections: settings.most)
        gate = FlightGate(.init(least: settings.least, most: settings.most, latencySeconds: latencySeconds), chance: chance)
    }

    public var trouble: String? { lastTrouble.withLock { $0 } }

    /// Namespaces this value has created.
    public var namespacesMade: Int { made.load(ordering: .relaxed) }

    public func put(_ record: SentRecord, behind: Int) async -> StoreAnswer {
        let body = Contract.write(record)
        var namespaceMade = false
        var blamed = 0
        for attempt in 1...Self.attempts {
            let answer: HTTPResponse
            do { answer = try await post(record.namespace, body, behind: behind) } catch { return Self.answer(to: error) }
            switch answer.status {
            case 201:
                guard Contract.created(answer.body, is: record) else { return .unknown("201 with a body that is not the contract's") }
                _ = known.withLock { $0.insert(record.namespace) }
                return .done
            case 408, 425, 429, 502, 503, 504:
                if attempt == Self.attempts { return .notNow("the plugin answers \(answer.status)") }
            case 404 where !namespaceMade, 500... where !namespaceMade && !isKnown(record.namespace):
                switch await missing(record.namespace, answer) {
                case .there: return .refused(Contract.problem(answer))
                case .missing:
                    if let trouble = await make(record.namespace) { return trouble }
                    namespaceMade = true
                case .cannotTell: return .notNow(Contract.problem(answer))
                }
            case 500...:
                // A row that the plugin can't take, or a plugin that can't take any?
                // By chance it may be the one and then the other: not the first time it looks like the row is it believed.
                guard await takesAnother(record.namespace) else { return .notNow(Contract.problem(answer)) }
                blamed += 1
                if blamed == Self.attempts - 1 { return .refused(Contract.problem(answer)) }
            default: return .refused(Contract.problem(answer))
            }
        }
        return .notNow("the plugin refuses again and again")
    }

    public func forget(_ id: UUID, in namespace: String) async -> StoreAnswer {
        for attempt in 1...Self.attempts {
            do {
                let answer = try await send("DELETE", "/v1/memories/\(id.uuidString.lowercased())", Contract.forget(namespace))
                switch answer.status {
                case 200...299, 404: return .done
                case 403: return .refused(Contract.problem(answer))
                case 408, 425, 429, 500...: if attempt == Self.attempts { return .notNow("the plugin answers \(answer.status)") }
                default: return .refused(Contract.problem(answer))
                }
            } catch { return Self.answer(to: error) }
        }
        return .notNow("the plugin refuses again and again")
    }

    public func read(_ sought: [Sought], in namespace: String) async throws -> [UUID: Showing] {
        var findings: [UUID: Showing] = [:]
        let listing = try await search(Contract.search(namespace, limit: Contract.mostFound))
        // A namespace that fits into one answer is shown whole: what is not in it is not there.
        let shownWhole = listing.count < Contract.mostFound
        var seen = Dictionary(listing.map { ($0.id, $0) }) { first, _ in first }
        if !shownWhole { seen.merge(try await find(sought.filter { seen[$0.id] == nil }, in: namespace)) { first, _ in first } }
        for one in sought { findings[one.id] = seen[one.id].map { .found($0) } ?? (shownWhole ? .absent : .undetermined) }
        return findings
    }

    public func readBack(_ sought: [Sought], in namespace: String) async throws -> [UUID: Showing] {
        // A few more, for what agents have written since. What is not asked for is neither found nor sent.
        let some = sought.count + 4
        if some < Contract.mostFound {
            let listing = try await search(Contract.search(namespace, limit: some))
            let seen = Dictionary(listing.map { ($0.id, $0) }) { first, _ in first }
            let isWhole = listing.count < some
            if isWhole || sought.allSatisfy({ seen[$0.id] != nil }) {
                return Dictionary(sought.map { ($0.id, seen[$0.id].map { .found($0) } ?? .absent) }) { first, _ in first }
            }
        }
        return try await read(sought, in: namespace)
    }

    /// What searches for their texts and embeddings show of these ids, several at once; one search may show many of them.
    public func find(_ sought: [Sought], in namespace: String) async throws -> [UUID: FoundRecord] {
        var seen: [UUID: FoundRecord] = [:]
        for some in stride(from: 0, to: sought.count, by: 8).map({ sought[$0..<min($0 + 8, sought.count)] }) {
            let open = some.filter { seen[$0.id] == nil }
            try await withThrowingTaskGroup(of: [FoundRecord].self) { group in
                for one in open {
                    group.addTask {
                        for question in Contract.questions(for: one, in: namespace) {
                            let found = try await self.search(question)
                            if found.contains(where: { $0.id == one.id }) { return found }
                        }
                        return []
                    }
                }
                for try await found in group { for record in found { seen[record.id] = record } }
            }
        }
        return seen
    }

    /// What a search for these words shows in that namespace.
    public func search(_ words: String, in namespace: String) async throws -> [FoundRecord] {
        try await search(Contract.search(namespace, limit: Contract.mostFound, query: words))
    }

    /// Everything a namespace shows, newest first, and whether that is all it holds. A namespace that is not there holds nothing.
    public func listing(of namespace: String) async throws -> (records: [FoundRecord], whole: Bool) {
        let records = try await search(Contract.search(namespace, limit: Contract.mostFound))
        return (records, records.count < Contract.mostFound)
    }

    public func isHealthy() async -> Bool {
        guard let answer = try? await pool.send(HTTPRequest("GET", "\(base)/v1/health", timeoutMilliseconds: timeout)) else { return false }
        return answer.status == 200
    }

    // MARK: - Non public

    private static let attempts = 6

    private func isKnown(_ namespace: String) -> Bool { known.withLock { $0.contains(namespace) } }

    private static func answer(to error: any Error) -> StoreAnswer {
        switch error {
        case HTTPError.unreachable(let why): .notNow(why)
        case is CancellationError: .notNow("stopped")
        default: .unknown("\(error)")
        }
    }

    private func post(_ namespace: String, _ body: [UInt8], behind: Int = .max) async throws -> HTTPResponse {
        try await send("POST", "/v1/namespaces/\(namespace)/memories", body, behind: behind) { status in
            // A 500 in a namespace nobody has stored anything in may be the answer to its absence: nothing the plugin is burdened by.
            status == 500 && !self.isKnown(namespace)
        }
    }

    private func send(
        _ method: String, _ path: String, _ body: [UInt8], behind: Int = .max, _ isNeither: (Int) -> Bool = { _ in false }
    ) async throws -> HTTPResponse {
        let entered = try await gate.enter(behind: behind)
        do {
            let answer = try await pool.send(HTTPRequest(method, base + path, headers: Contract.headers, body: body, timeoutMilliseconds: timeout))
            let refused = answer.status == 429 || answer.status >= 500
            if !isNeither(answer.status) { lastTrouble.withLock { $0 = refused ? Contract.problem(answer) : nil } }
            await gate.leave(entered, isNeither(answer.status) ? .neither : refused ? .refused(retryAfter: answer.retryAfterSeconds) : .answered)
            return answer
        } catch {
            await gate.leave(entered, .refused(retryAfter: nil))
            lastTrouble.withLock { $0 = "\(error)" }
            throw error
        }
    }

    private func search(_ body: [UInt8]) async throws -> [FoundRecord] {
        var why = ""
        for _ in 1...Self.attempts {
            do {
                let answer = try await send("POST", "/v1/search", body)
                if answer.status == 200 {
                    guard let found = Contract.found(answer.body) else { throw StoreSilent("a search answered what is not the contract's") }
                    return found
                }
                // By the written contract a namespace that is not there may be not found.
                if answer.status == 404 { return [] }
                why = "a search answered \(answer.status)"
                guard answer.status == 429 || answer.status >= 500 else { break }
            } catch { throw (error as? HTTPError).map { StoreSilent("\($0)") } ?? error }
        }
        throw StoreSilent(why)
    }

    private enum Presence { case there, missing, cannotTell }

    /// Whether the namespace is not there, after an answer that may mean it. A PUT over one that is would erase its settings.
    private func missing(_ namespace: String, _ answer: HTTPResponse) async -> Presence {
        if answer.status == 404 || Contract.saysUnknownNamespace(answer) { return .missing }
        guard let shown = try? await listing(of: namespace).records.isEmpty else { return .cannotTell }
        if !shown { return .there }
        guard await isHealthy() else { return .cannotTell }
        let canary = await tryCanary(namespace)
        switch canary {
        case 201: return .there
        case 404, 500: return await isHealthy() ? .missing : .cannotTell
        default: return .cannotTell
        }
    }

    /// True when the plugin stores another record in the same place: then the first one is to blame.
    private func takesAnother(_ namespace: String) async -> Bool { await tryCanary(namespace) == 201 }

    private func tryCanary(_ namespace: String) async -> Int? {
        let id = UUID()
        let canary = SentRecord(id: id, namespace: namespace, content: "cutover-probe canary \(id.uuidString.lowercased())", digest: "", propagation: #"{"probe":"lane"}"#)
        guard let status = try? await post(namespace, Contract.write(canary)).status else { return nil }
        if status == 201 { _ = await forget(id, in: namespace) }
        return status
    }

    /// Nil when it is there now.
    private func make(_ namespace: String) async -> StoreAnswer? {
        do {
            let answer = try await send("PUT", "/v1/namespaces/\(namespace)", Contract.namespace(namespace))
            guard (200...299).contains(answer.status) else {
                let why = "making the namespace: \(Contract.problem(answer))"
                return answer.status >= 500 || answer.status == 429 ? .notNow(why) : .refused(why)
            }
            made.add(1, ordering: .relaxed)
            return nil
        } catch { return .notNow("making the namespace: \(error)") }
    }
}
