import Foundation
import Synchronization

/// What became of a script.
enum SSMDelivered: Sendable {
    case answered(SSMAnswer.Ending, output: [UInt8], errors: [UInt8])
    case neverBegun(String)
    case unknown(String)
}

/// One region, with everything that is shared by all who send there.
struct SSMLink: Sendable {
    let client: SSMClient
    let poller: SSMPoller
    let presence: SSMPresence
    let settings: SSMSettings
    let read = SSMReadAnswers()

    init(client: SSMClient, settings: SSMSettings) {
        self.client = client
        self.settings = settings
        poller = SSMPoller(client: client, settings: settings)
        presence = SSMPresence(client: client)
    }
}

/// Answers that were read and may go from their hosts, with whatever is sent there next.
final class SSMReadAnswers: Sendable {
    private static let most = 20
    private let marks = Mutex<[String: [String]]>([:])

    func note(_ mark: String, on instance: String) { marks.withLock { $0[instance] = ($0[instance] ?? []).suffix(Self.most - 1) + [mark] } }
    func take(on instance: String) -> [String] { marks.withLock { $0.removeValue(forKey: instance) ?? [] } }
}

/// Carries a script to a host by commands of Systems Manager, and never guesses what became of it.
///
/// A command whose sending had no clear end is not sent again: it is looked for by its comment, then the host is asked, and only if neither
/// knows of it another one follows, which finds the first one's answer should that have come all the same.
struct SSMDelivery: Sendable {
    private static let sends = 3
    private static let partsAtOnce = 4

    let link: SSMLink
    let instance: String
    /// What every command of this delivery is called, at most 100 characters. No other delivery may have it.
    let comment: String

    /// - Parameter seconds: what the script may take on the host.
    func carry(_ script: SSMScript, within seconds: Int) async -> SSMDelivered {
        guard !script.text.contains("{{") else { return .neverBegun("Systems Manager would replace what stands between {{ and }}") }
        if let absence = await link.presence.absence(of: instance) { return .neverBegun(absence) }
        if let trouble = await sendAhead(script.pieces, script.mark) { return .neverBegun(trouble) }
        let limit = ContinuousClock.now + .seconds(link.settings.deliverySeconds + seconds + 2 * link.settings.graceSeconds)
        let outcome = await execute(script.text, script, within: seconds, until: limit)
        if case .answered = outcome {
            link.read.note(script.mark, on: instance)
            return outcome
        }
        await link.presence.doubt(instance)
        return outcome
    }

    // MARK: - Non public

    /// Why the pieces are not all there; nil when they are. Each may be sent any number of times.
    private func sendAhead(_ pieces: [String], _ mark: String) async -> String? {
        await withTaskGroup(of: String?.self) { group in
            var left = pieces.enumerated().makeIterator()
            func begin() {
                guard let (number, text) = left.next() else { return }
                group.addTask {
                    for _ in 0..<Self.sends { if case .piece = await say(text, "piece\(number)", mark) { return nil } }
                    return "its input, piece \(number + 1) of \(pieces.count), could not be brought there"
                }
            }
            for _ in 0..<Self.partsAtOnce { begin() }
            while let trouble = await group.next() {
                if let trouble {
                    group.cancelAll()
                    return trouble
                }
                begin()
            }
            return nil
        }
    }

    /// Carries out something that may be done again, and reads what it says.
    private func say(_ text: String, _ what: String, _ mark: String) async -> SSMAnswer? {
        let call = send(text, called: "\(comment):\(what)", within: link.settings.graceSeconds)
        guard case .success(let command) = await Self.result({ () async throws(SSMError) in try await link.client.order(call) }) else { return nil }
        return await heard(command.command, mark: mark, within: link.settings.graceSeconds)
    }

    private func send(_ text: String, called comment: String, within seconds: Int) -> SendCommand {
        SendCommand(
            instance: instance, comment: comment, script: text, deliverySeconds: link.settings.deliverySeconds,
            executionSeconds: seconds + link.settings.graceSeconds)
    }

    private func heard(_ command: Command, mark: String, within seconds: Int) async -> SSMAnswer? {
        let limit = ContinuousClock.now + .seconds(link.settings.deliverySeconds + seconds)
        guard case .found(_, let output) = await link.poller.outcome(of: command.id, on: instance, requested: command.requested ?? link.client.time, until: limit)
        else { return nil }
        return await whole(output, command.id, mark)
    }

    /// The answer that a listing showed, or the longer text that the host's own entry keeps.
    private func whole(_ output: String, _ command: String, _ mark: String) async -> SSMAnswer? {
        let answer = SSMAnswer.read(output, mark: mark)
        switch answer {
        case .ended(let ending, let text) where text.count == ending.characters: return answer
        case nil, .ended, .part:
            let found = await Self.result { () async throws(SSMError) in
                try await link.client.ask(GetCommandInvocation(command: command, instance: instance), alsoAgain: ["InvocationDoesNotExist"])
            }
            guard case .success(let more) = found, let longer = SSMAnswer.read(more.output ?? "", mark: mark) else { return answer }
            return longer
        default: return answer
        }
    }

    private func execute(_ text: String, _ script: SSMScript, within seconds: Int, until limit: ContinuousClock.Instant) async -> SSMDelivered {
        let call = send(text, called: comment, within: seconds)
        var why = ""
        for number in 1...Self.sends {
            let sending = link.client.time
            switch await Self.result({ () async throws(SSMError) in try await link.client.order(call) }) {
            case .success(let sent): return await follow(sent.command, script, within: seconds, until: limit)
            case .failure(.unclear(let detail)): why = detail
            // An earlier one's fate may be unclear: what refuses this one says nothing of that.
            case .failure(let error): return number == 1 ? .neverBegun(error.detail) : .unknown(error.detail)
            }
            if link.settings.resendsBlindly { continue }
            switch await search(since: sending) {
            case .found(let command): return await follow(command, script, within: seconds, until: limit)
            case .unknown(let detail): return .unknown("\(why); \(detail)")
            case .nowhere: break
            }
            switch await say(script.question, "look", script.mark) {
            case .nowhere: continue
            case .ended(let ending, let text): return await finish(ending, text, script.mark, within: seconds)
            case .begun: return await recover(script, why, within: seconds, until: limit)
            default: return .unknown("\(why); and the host does not say whether it came")
            }
        }
        return .unknown(why)
    }

    private enum Search { case found(Command), nowhere, unknown(String) }

    /// Looks for a command whose sending had no clear end, some times over: a listing may lag behind.
    private func search(since sending: Double) async -> Search {
        for attempt in 0..<link.settings.searches {
            do {
                var next: String?
                repeat {
                    // Both clocks may be a little off, and only whole seconds count. The comment is this delivery's alone.
                    let filters = [CommandFilter(key: "InvokedAfter", value: SSMTime.text(sending - 120))]
                    let answer = try await link.client.ask(ListCommands(filters: filters, next: next))
                    if let found = answer.commands?.first(where: { $0.comment == comment && $0.instances?.contains(instance) != false }) { return .found(found) }
                    next = answer.next
                } while next != nil
            } catch { return .unknown("the commands cannot be listed: \(error.detail)") }
            do { try await Task.sleep(for: .milliseconds(link.settings.lookMilliseconds << attempt)) } catch { return .unknown("given up") }
        }
        return .nowhere
    }

    private func follow(_ command: Command, _ script: SSMScript, within seconds: Int, until limit: ContinuousClock.Instant) async -> SSMDelivered {
        let outcome = await link.poller.outcome(of: command.id, on: instance, requested: command.requested ?? link.client.time, until: limit)
        switch outcome {
        case .found(.notStarted(let why), _): return .neverBegun(why)
        case .found(let fate, let output):
            switch await whole(output, command.id, script.mark) {
            case .ended(let ending, let text): return await finish(ending, text, script.mark, within: seconds)
            case .trouble(let why): return .neverBegun(why)
            default:
                if case .unsure(let why) = fate { return await recover(script, why, within: seconds, until: .now) }
                return await recover(script, "it ran, and Systems Manager shows no answer of ours", within: seconds, until: .now)
            }
        case .late(let seen):
            await cancel(command.id)
            return await recover(script, "no answer within \(seconds) s; Systems Manager said last: \(seen)", within: seconds, until: .now)
        case .givenUp:
            await cancel(command.id)
            return .unknown("given up while it was under way")
        }
    }

    /// Asks that it be stopped, of which nothing is certain. Not by the task of whoever gave up.
    private func cancel(_ command: String) async {
        let call = CancelCommand(command: command, instance: instance)
        let client = link.client
        await Task { _ = await Self.result { () async throws(SSMError) in try await client.order(call) } }.value
    }

    /// Asks the host itself, once, and then as long as it is under way there.
    private func recover(_ script: SSMScript, _ why: String, within seconds: Int, until limit: ContinuousClock.Instant) async -> SSMDelivered {
        for attempt in 0... {
            switch await say(script.question, "look", script.mark) {
            case .ended(let ending, let text): return await finish(ending, text, script.mark, within: seconds)
            case .begun where ContinuousClock.now < limit: break
            default: return .unknown(why)
            }
            do { try await Task.sleep(for: min(.seconds(20), .milliseconds(link.settings.lookMilliseconds << min(attempt, 10)))) } catch { break }
        }
        return .unknown(why)
    }

    /// Fetches what of the answer is missing.
    private func finish(_ ending: SSMAnswer.Ending, _ text: [UInt8], _ mark: String, within seconds: Int) async -> SSMDelivered {
        if ending.isEndless { return .unknown("the answer is larger than anything a program of ours says") }
        // Killed there by our clock: what it did is not known.
        if ending.code == 137, seconds > 0, ending.took >= seconds { return .unknown("no answer within \(seconds) s") }
        guard let text = await rest(of: text, ending, mark), let (output, errors) = ending.unpack(text) else {
            return .unknown("its answer could not be fetched whole")
        }
        return .answered(ending, output: output, errors: errors)
    }

    private func rest(of text: [UInt8], _ ending: SSMAnswer.Ending, _ mark: String) async -> [UInt8]? {
        guard text.count < ending.characters else { return text }
        let script = SSMScript(RemoteScript("", [], mark: mark), in: link.settings.answersFolder)
        let offsets = Array(stride(from: text.count, to: ending.characters, by: SSMScript.printed))
        return await withTaskGroup(of: (Int, [UInt8])?.self) { group in
            var parts: [Int: [UInt8]] = [:]
            var left = offsets.makeIterator()
            func begin() {
                guard let offset = left.next() else { return }
                group.addTask { await part(script, at: offset, of: ending.characters).map { (offset, $0) } }
            }
            for _ in 0..<Self.partsAtOnce { begin() }
            while let part = await group.next() {
                guard let (offset, bytes) = part else {
                    group.cancelAll()
                    return nil
                }
                parts[offset] = bytes
                begin()
            }
            return text + offsets.flatMap { parts[$0] ?? [] }
        }
    }

    /// As much as one command prints, in several where the host's own noise leaves less room.
    private func part(_ script: SSMScript, at offset: Int, of count: Int) async -> [UInt8]? {
        let wanted = min(SSMScript.printed, count - offset)
        var found: [UInt8] = []
        for _ in 0..<2 * Self.sends where found.count < wanted {
            let start = offset + found.count
            if case .part(let more) = await say(script.part(from: start), "part\(start)", script.mark) { found += more.prefix(wanted - found.count) }
        }
        return found.count == wanted ? found : nil
    }

    private static func result<Value>(_ body: () async throws(SSMError) -> Value) async -> Result<Value, SSMError> {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}
