import Foundation
import Subprocess
import Synchronization

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// One client of OpenSSH's with `RemoteLoop` at its other end: it carries one operation after the other, never two at once.
final class SSHSession: Sendable {
    /// For how long after an answer what the operation left running may hold the streams, before the session is given up.
    private static let graceSeconds = 1
    /// A client that ends before it has read its input must not take the controller with it.
    private static let survivesBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

    private enum Wanted { case answer, rest, end }

    private struct State {
        /// To the operation that it carries, or carried last.
        var answer: SSHAnswer
        /// What is sent when the script has said that it is ready, and not a byte before.
        var withheld: [UInt8]?
        /// Pieces that the client has not taken yet.
        var unsent = 0
        var isGivenUp = false
        var isGone = false
        var noClient = ""
        var isAtDoor = true
        var waiting: (Wanted, CheckedContinuation<Void, Never>)?

        /// Free for another operation.
        var isAtRest: Bool { !isGivenUp && !isGone && unsent == 0 && answer.code != nil && answer.isFree && !answer.isNoisy }

        func has(_ wanted: Wanted) -> Bool {
            switch wanted {
            case .answer: isGone || isGivenUp || answer.isOver
            case .rest: isGone || isGivenUp || isAtRest || answer.isNoisy
            case .end: isGone
            }
        }
    }

    private let loop = RemoteLoop()
    private let state: Mutex<State>
    private let client = Mutex<Task<Void, Never>?>(nil)
    private let outbox: AsyncStream<[UInt8]>
    private let send: AsyncStream<[UInt8]>.Continuation

    /// - Parameters:
    ///   - words: all of the client's but the command.
    ///   - door: few clients begin at once, since each needs many more descriptors of ours while it begins.
    init(_ words: [String], environment: [String: String], door: Turnstile) {
        (outbox, send) = AsyncStream.makeStream()
        // What nothing answers.
        state = Mutex(State(answer: SSHAnswer(mark: loop.key)))
        let words = words + [loop.command]
        client.withLock { $0 = Task { await self.live(words, environment, door) } }
    }

    var isAtRest: Bool { state.withLock { $0.isAtRest } }

    /// - Returns: as much of an answer as there was when the client ended, or when `seconds` were over or the caller was cancelled.
    func ask(_ script: RemoteScript, _ input: [UInt8], within seconds: Int) async -> SSHAnswer {
        change {
            $0.answer = SSHAnswer(mark: script.mark)
            $0.withheld = RemoteLoop.go(script, input)
            $0.unsent += 1
        }
        send.yield(loop.request(script))
        let clock = Task {
            try await Task.sleep(for: .seconds(seconds))
            change { $0.answer.isLate = true; $0.isGivenUp = true }
        }
        await withTaskCancellationHandler { await wait(for: .answer) } onCancel: { change { $0.isGivenUp = true } }
        clock.cancel()
        return state.withLock {
            var answer = $0.answer
            answer.noClient = $0.noClient
            return answer
        }
    }

    /// Waits until nothing of the last operation holds the session any more.
    ///
    /// - Returns: whether it can carry another one.
    func comesToRest() async -> Bool {
        if isAtRest { return true }
        let clock = Task {
            try await Task.sleep(for: .seconds(Self.graceSeconds))
            change { $0.isGivenUp = true }
        }
        await wait(for: .rest)
        clock.cancel()
        return isAtRest
    }

    /// Lets the other end run out of input, which ends it.
    func end() {
        send.finish()
        Task {
            try? await Task.sleep(for: .seconds(5))
            kill()
        }
    }

    /// Ends the client whatever it is at, and waits for that.
    func stop() async {
        kill()
        await wait(for: .end)
    }

    // MARK: - Non public

    private func kill() {
        change { $0.isGivenUp = true }
        client.withLock { $0?.cancel() }
    }

    private func wait(for wanted: Wanted) async {
        await withCheckedContinuation { caller in
            let isThere = state.withLock { state in
                if !state.has(wanted) { state.waiting = (wanted, caller) }
                return state.has(wanted)
            }
            if isThere { caller.resume() }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let caller = state.withLock { state -> CheckedContinuation<Void, Never>? in
            body(&state)
            guard let (wanted, caller) = state.waiting, state.has(wanted) else { return nil }
            state.waiting = nil
            return caller
        }
        caller?.resume()
    }

    private func hear(_ body: (inout SSHAnswer) -> Void) {
        var go: [UInt8]?
        var isSpoiled = false
        change {
            body(&$0.answer)
            // What was given up is told nothing any more: its caller may have been told that nothing was sent.
            if $0.answer.wasReady, !$0.isGivenUp, let withheld = $0.withheld {
                ($0.withheld, go) = (nil, withheld)
                $0.unsent += 1
            }
            isSpoiled = $0.answer.code != nil && $0.answer.isNoisy
        }
        if let go { send.yield(go) }
        // Whatever said that would speak into the next answer.
        if isSpoiled { kill() }
    }

    private func live(_ words: [String], _ environment: [String: String], _ door: Turnstile) async {
        do {
            try await door.enter()
            do { try await talk(words, environment, door) } catch {
                // The client itself could not be run: no descriptors or processes left, no such program.
                if !(error is CancellationError) { change { $0.noClient = "\(error)" } }
            }
            await leave(door)
        } catch {
            // Given up before it began.
        }
        send.finish()
        change { $0.isGone = true }
    }

    private func leave(_ door: Turnstile) async {
        let isAtDoor = state.withLock { state in
            defer { state.isAtDoor = false }
            return state.isAtDoor
        }
        if isAtDoor { await door.leave() }
    }

    private func talk(_ words: [String], _ environment: [String: String], _ door: Turnstile) async throws {
        Self.survivesBrokenPipes
        var options = PlatformOptions()
        // A Ctrl-C meant for the caller must not reach an operation under way.
        options.processGroupID = 0
        let variables = Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) })
        _ = try await Subprocess.run(
            .name("ssh"), arguments: Arguments(words), environment: .custom(variables), platformOptions: options, input: .inputWriter, output: .sequence,
            error: .sequence
        ) { client in
            await leave(door)
            async let output: Void = Self.read(client.standardOutput) { chunk in hear { $0.hearOutput(chunk) } }
            async let errors: Void = Self.read(client.standardError) { chunk in hear { $0.hearErrors(chunk) } }
            // A client that ends before it has read everything tells why by its answer. The failure must not leave this closure:
            // swift-subprocess 1.0.2 traps when writing its own input fails.
            async let sent: Void = {
                for await piece in outbox {
                    guard (try? await client.standardInputWriter.write(piece)) == piece.count else { break }
                    change { $0.unsent -= 1 }
                }
                try? await client.standardInputWriter.finish()
            }()
            _ = await (output, errors)
            send.finish()
            await sent
        }
    }

    private static func read(_ stream: SubprocessOutputSequence, _ hear: ([UInt8]) -> Void) async {
        do {
            for try await chunk in stream { hear(chunk.withUnsafeBytes { Array($0) }) }
        } catch {
            // Cancelled: what was heard so far is kept.
        }
    }
}
