import Foundation
import Subprocess

/// Runs remote scripts by the OpenSSH client, over one shared connection a host and by sessions that are kept.
struct SSHClient: Sendable {
    let settings: SSHSettings
    let turnstile: Turnstile
    private let sessions: SSHSessions
    private let door = Turnstile(atOnce: SSHSettings.beginningAtOnce)

    init(_ settings: SSHSettings) {
        self.settings = settings
        turnstile = Turnstile(atOnce: settings.atOnce)
        sessions = SSHSessions(most: settings.mostSessions, idleSeconds: settings.idleSeconds)
    }

    /// - Parameter input: sent when the script has said that it is ready, and not a byte before.
    /// - Returns: as much of an answer as there was when the client ended, or was ended after `seconds`.
    func run(_ script: RemoteScript, on destination: String, input: [UInt8] = [], within seconds: Int) async throws(SSHFailure) -> SSHAnswer {
        guard !destination.hasPrefix("-"), !destination.isEmpty, !destination.contains(where: \.isWhitespace) else {
            throw SSHFailure(detail: "'\(destination)' is no destination for ssh: HOST, USER@HOST or ssh://USER@HOST:PORT")
        }
        let words = try settings.words(to: destination)
        do { try await turnstile.enter() } catch { throw SSHFailure(detail: "given up before anything was sent") }
        let answer = await carry(script, words, destination, input, seconds)
        await turnstile.leave()
        // A connection that failed us is not handed to whoever comes next.
        if answer.code == nil {
            sessions.drop(destination)
            await hangUp(words + ["-O", "stop", "--", destination])
        }
        return answer
    }

    // MARK: - Non public

    private func carry(_ script: RemoteScript, _ words: [String], _ destination: String, _ input: [UInt8], _ seconds: Int) async -> SSHAnswer {
        func ask(_ session: SSHSession) async -> SSHAnswer {
            let answer = await session.ask(script, input, within: seconds)
            if answer.code == nil { await session.stop() }
            return answer
        }
        func begin(_ more: [String] = []) -> SSHSession { SSHSession(more + words + ["--", destination], environment: settings.clientEnvironment, door: door) }

        var session = await sessions.enter(destination)
        var answer = SSHAnswer(mark: script.mark)
        if let session { answer = await ask(session) }
        // A kept session that had died unnoticed was told to do nothing. Nothing was sent.
        if session == nil || !answer.wasReady && !answer.isLate && !Task.isCancelled {
            let fresh = begin()
            session = fresh
            answer = await ask(fresh)
        }
        // A shared connection that was just being closed takes a newcomer with it, without a word. Nothing was sent.
        if answer.isSilent, !Task.isCancelled {
            let alone = begin(["-o", "ControlPath=none"])
            session = nil
            answer = await ask(alone)
            alone.end()
        }
        sessions.leave(destination, keeping: answer.code == nil ? nil : session)
        return answer
    }

    /// Nobody else begins anything over the shared connection, if there is one; what is under way on it goes on.
    private func hangUp(_ words: [String]) async {
        let variables = Dictionary(uniqueKeysWithValues: settings.clientEnvironment.map { (Environment.Key(stringLiteral: $0.key), $0.value) })
        _ = try? await Subprocess.run(.name("ssh"), arguments: Arguments(words), environment: .custom(variables), output: .discarded)
    }
}
