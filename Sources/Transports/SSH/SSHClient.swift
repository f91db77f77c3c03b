import Foundation
import Subprocess
import Synchronization

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// Runs remote scripts by the OpenSSH client, over one shared connection a host.
struct SSHClient: Sendable {
    /// A client that ends before it has read its input must not take the controller with it.
    private static let survivesBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

    let settings: SSHSettings
    let turnstile: Turnstile

    init(_ settings: SSHSettings) {
        self.settings = settings
        turnstile = Turnstile(atOnce: settings.atOnce)
    }

    /// - Parameter input: sent when the script has said that it is ready, and not a byte before.
    /// - Returns: as much of an answer as there was when the client ended, or was ended after `seconds`.
    func run(_ script: RemoteScript, on destination: String, input: [UInt8] = [], within seconds: Int) async throws(SSHFailure) -> SSHAnswer {
        guard !destination.hasPrefix("-"), !destination.isEmpty, !destination.contains(where: \.isWhitespace) else {
            throw SSHFailure(detail: "'\(destination)' is no destination for ssh: HOST, USER@HOST or ssh://USER@HOST:PORT")
        }
        let words = try settings.words(to: destination)
        do { try await turnstile.enter() } catch { throw SSHFailure(detail: "given up before anything was sent") }
        var answer = await attempt(script, words + ["--", destination], input, seconds)
        // A shared connection that was just being closed takes a newcomer with it, without a word. Nothing was sent.
        if answer.isSilent, !Task.isCancelled { answer = await attempt(script, ["-o", "ControlPath=none"] + words + ["--", destination], input, seconds) }
        await turnstile.leave()
        // A connection that failed us is not handed to whoever comes next.
        if answer.code == nil { await hangUp(words + ["-O", "stop", "--", destination]) }
        return answer
    }

    // MARK: - Non public

    private func attempt(_ script: RemoteScript, _ words: [String], _ input: [UInt8], _ seconds: Int) async -> SSHAnswer {
        let heard = Heard(mark: script.mark)
        let work = Task { try await talk(words + [script.command], script.go + input, heard) }
        let clock = Task {
            try await Task.sleep(for: .seconds(seconds))
            heard.change { $0.isLate = true }
            work.cancel()
        }
        let outcome = await withTaskCancellationHandler { await work.result } onCancel: { work.cancel() }
        clock.cancel()
        // The client itself could not be run: no descriptors or processes left, no such program.
        if case .failure(let error) = outcome, !(error is CancellationError) { heard.change { $0.noClient = "\(error)" } }
        return heard.answer
    }

    /// What the two streams have brought so far; it outlives a task that is cancelled.
    private final class Heard: Sendable {
        private let kept: Mutex<SSHAnswer>
        init(mark: String) { kept = Mutex(SSHAnswer(mark: mark)) }
        var answer: SSHAnswer { kept.withLock { $0 } }
        func change<Result: Sendable>(_ body: (inout SSHAnswer) -> Result) -> Result { kept.withLock { body(&$0) } }
    }

    private var environment: Environment {
        .custom(Dictionary(uniqueKeysWithValues: settings.clientEnvironment.map { (Environment.Key(stringLiteral: $0.key), $0.value) }))
    }

    private func talk(_ words: [String], _ input: [UInt8], _ heard: Heard) async throws {
        Self.survivesBrokenPipes
        var options = PlatformOptions()
        // A Ctrl-C meant for the caller must not reach an operation under way.
        options.processGroupID = 0
        let (ready, tell) = AsyncStream.makeStream(of: Void.self)
        _ = try await Subprocess.run(
            .name("ssh"), arguments: Arguments(words), environment: environment, platformOptions: options, input: .inputWriter, output: .sequence,
            error: .sequence
        ) { client in
            // Whatever the program left running may hold the streams open for as long as it likes: with the answer whole, nobody waits for it.
            @Sendable func note(_ change: (inout SSHAnswer) -> Void) {
                let answer = heard.change { change(&$0); return $0 }
                if answer.wasReady { tell.yield() }
                if answer.isOver { try? client.send(signal: .terminate) }
            }
            async let output: Void = Self.read(client.standardOutput) { chunk in note { $0.hearOutput(chunk) } }
            async let errors: Void = Self.read(client.standardError) { chunk in note { $0.hearErrors(chunk) } }
            // A client that ends before it has read everything tells why by its answer. The failure must not leave this closure:
            // swift-subprocess 1.0.2 traps when writing its own input fails.
            async let sent: Void = {
                for await _ in ready {
                    _ = try? await client.standardInputWriter.write(input)
                    break
                }
                try? await client.standardInputWriter.finish()
            }()
            _ = await (output, errors)
            tell.finish()
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

    /// Nobody else begins anything over the shared connection, if there is one; what is under way on it goes on.
    private func hangUp(_ words: [String]) async {
        _ = try? await Subprocess.run(.name("ssh"), arguments: Arguments(words), environment: environment, output: .discarded)
    }
}
