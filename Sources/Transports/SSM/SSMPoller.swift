import Foundation

/// Looks what became of commands, for all who wait in one region: one listing serves fifty of them.
actor SSMPoller {
    enum Outcome: Sendable {
        case found(SSMFate, output: String)
        /// Time is over. What the last look saw.
        case late(String)
        case givenUp
    }

    private struct Waiter {
        let instance: String
        /// When AWS took the command, by its own clock, in seconds since 1970.
        let requested: Double
        let began: ContinuousClock.Instant
        let deadline: ContinuousClock.Instant
        var next: ContinuousClock.Instant
        var seen: String
        let continuation: CheckedContinuation<Outcome, Never>
    }

    /// Beyond that many waiting ones a listing of all costs less than a look at each.
    private static let few = 2
    private static let longestPause = Duration.seconds(20)

    private let client: SSMClient
    private let least: Duration
    private var waiting: [String: Waiter] = [:]
    private var isLooking = false

    init(client: SSMClient, settings: SSMSettings) {
        self.client = client
        least = .milliseconds(settings.lookMilliseconds)
    }

    func outcome(of command: String, on instance: String, requested: Double, until deadline: ContinuousClock.Instant) async -> Outcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard !Task.isCancelled else { return continuation.resume(returning: .givenUp) }
                let now = ContinuousClock.now
                waiting[command] = Waiter(
                    instance: instance, requested: requested, began: now, deadline: deadline, next: now + least, seen: "nothing so far", continuation: continuation)
                guard !isLooking else { return }
                isLooking = true
                Task { await self.keepLooking() }
            }
        } onCancel: {
            Task { await self.end(command, .givenUp) }
        }
    }

    // MARK: - Non public

    private func end(_ command: String, _ outcome: Outcome) { waiting.removeValue(forKey: command)?.continuation.resume(returning: outcome) }

    private func keepLooking() async {
        while !waiting.isEmpty {
            try? await Task.sleep(for: least)
            let now = ContinuousClock.now
            for (command, waiter) in waiting where waiter.deadline <= now { end(command, .late(waiter.seen)) }
            let due = waiting.filter { $0.value.next <= now }
            guard !due.isEmpty else { continue }
            for command in due.keys {
                guard let waiter = waiting[command] else { continue }
                // The longer it has taken, the longer it may take.
                waiting[command]?.next = now + min(Self.longestPause, max(least, (now - waiter.began) / 4))
            }
            if due.count <= Self.few { for command in due.keys { await look(at: command) } } else { await look(atAll: due) }
        }
        isLooking = false
    }

    private func look(at command: String) async {
        do {
            let answer = try await client.ask(ListCommandInvocations(command: command))
            take(answer.invocations ?? [])
        } catch { note(error.detail, [command]) }
    }

    /// Pages through what was sent since the oldest of them. Once that took more pages than there are commands, the rest are asked after one by one.
    private func look(atAll due: [String: Waiter]) async {
        let since = (due.values.map(\.requested).min() ?? 0) - 1
        var open = Set(due.keys)
        var next: String?
        for _ in 0..<max(2, due.count) {
            do {
                let filters = [CommandFilter(key: "InvokedAfter", value: SSMTime.text(since))]
                let answer = try await client.ask(ListCommandInvocations(filters: filters, next: next))
                take(answer.invocations ?? [])
                for invocation in answer.invocations ?? [] { open.remove(invocation.command) }
                next = answer.next
            } catch { return note(error.detail, Array(open)) }
            if open.isEmpty || next == nil { return }
        }
        for command in open { await look(at: command) }
    }

    private func take(_ invocations: [Invocation]) {
        for invocation in invocations {
            guard let waiter = waiting[invocation.command], waiter.instance == invocation.instance else { continue }
            let fate = SSMFate(status: invocation.status, details: invocation.details)
            if fate == .underWay {
                waiting[invocation.command]?.seen = invocation.details ?? invocation.status ?? "nothing so far"
            } else {
                end(invocation.command, .found(fate, output: invocation.output))
            }
        }
    }

    private func note(_ trouble: String, _ commands: [String]) { for command in commands { waiting[command]?.seen = trouble } }
}

enum SSMTime {
    /// As filters want it.
    static func text(_ seconds: Double) -> String {
        Date(timeIntervalSince1970: seconds.rounded(.down)).formatted(.iso8601)
    }
}
