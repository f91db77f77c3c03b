import Foundation

/// All commands, and how they go on by themselves: delivered, run, reported, expired.
actor SSMBook {
    /// One time that an agent ran a command.
    struct Run: Sendable {
        let command: String
        let instance: String
        let began: Date
    }

    private(set) var commands: [SSMCommand] = []
    private(set) var runs: [Run] = []
    private let temper: SSMTemper
    private let region: String
    private let folder: String
    private let seats = Seats(64)
    private var running: [String: [ShellRun]] = [:]
    private var isClosed = false

    init(temper: SSMTemper, region: String, folder: String) { (self.temper, self.region, self.folder) = (temper, region, folder) }

    func take(_ command: SSMCommand) {
        commands.append(command)
        Task { await carryOut(command.id, command.instances.isEmpty ? command.invocations.map(\.instance) : command.instances, width: command.width) }
    }

    func command(_ id: String) -> SSMCommand? { commands.last { $0.id == id } }

    func cancel(_ id: String, on instances: [String]) {
        guard let index = index(id) else { return }
        for (place, invocation) in commands[index].invocations.enumerated() where instances.isEmpty || instances.contains(invocation.instance) {
            switch invocation.report.status {
            case "Pending": settle(id, invocation.instance, .init(status: "Cancelled", details: "Cancelled", code: -1))
            case "InProgress":
                commands[index].invocations[place].report = .init(status: "Cancelling", details: "Cancelling", code: -1)
                if !temper.faults.ignoresCancels { stop(id, invocation.instance, .cancelled) }
            default: break
            }
        }
    }

    /// Kills whatever runs; nothing begins any more.
    func close() {
        isClosed = true
        running.values.joined().forEach { $0.stop(.restarted) }
    }

    // MARK: - Non public

    private func index(_ id: String) -> Int? { commands.lastIndex { $0.id == id } }

    private func change(_ id: String, _ instance: String, _ body: (inout SSMCommand.Invocation) -> Void) {
        guard let index = index(id), let place = commands[index].invocations.firstIndex(where: { $0.instance == instance }) else { return }
        body(&commands[index].invocations[place])
    }

    private func settle(_ id: String, _ instance: String, _ report: SSMAgent.Report) {
        change(id, instance) { invocation in
            guard !invocation.isOver else { return }
            invocation.report = report
            invocation.ended = .now
        }
    }

    private func carryOut(_ id: String, _ instances: [String], width: Int) async {
        await withTaskGroup(of: Void.self) { group in
            var waiting = instances[...]
            func next() {
                while let instance = waiting.popFirst() {
                    if command(id)?.hasTooManyErrors == true {
                        settle(id, instance, .init(status: "Cancelled", details: "Terminated", code: -1))
                    } else {
                        group.addTask { await self.invoke(id, instance) }
                        return
                    }
                }
            }
            for _ in 0..<width { next() }
            for await _ in group { next() }
        }
    }

    private func invoke(_ id: String, _ instance: String) async {
        await pause(temper.faults.deliverySeconds)
        if let outcome = temper.faults.outcomes[instance] { return settle(id, instance, .init(status: outcome.status, details: outcome.details, code: -1)) }
        guard await isDelivered(id, instance), let command = command(id), !isClosed else { return }
        change(id, instance) { $0.began = .now; $0.report = .init(status: "InProgress", details: "InProgress", code: -1) }
        if command.isDuplicated {
            let seconds = temper.faults.duplicateSeconds
            Task {
                await pause(seconds)
                _ = await run(command.script, instance)
            }
        }
        let report = command.meetsRestart ? await runThroughRestart(command.script, instance) : await run(command.script, instance)
        await pause(temper.faults.reportSeconds)
        settle(id, instance, report)
    }

    /// False when it expired or was cancelled before the agent had it.
    private func isDelivered(_ id: String, _ instance: String) async -> Bool {
        while !isClosed, let command = command(id), let invocation = command[instance], invocation.report.status == "Pending" {
            let (factor, waited) = (temper.faults.expiryFactor, Date.now.timeIntervalSince(command.requested))
            if temper.state(instance) == .online, waited < Double(command.timeoutSeconds) * factor { return true }
            if waited >= Double(command.timeoutSeconds + command.script.executionSeconds) * factor {
                settle(id, instance, .init(status: "TimedOut", details: "DeliveryTimedOut", code: -1))
            }
            await pause(0.05)
        }
        return false
    }

    private func run(_ script: SSMScript, _ instance: String) async -> SSMAgent.Report {
        await seats.take()
        let report: SSMAgent.Report
        do {
            let shell = try begin(script, instance)
            report = agent(instance).report(await shell.result(), of: script)
            forget(shell, script.command, instance)
        } catch { report = .init(status: "Failed", details: "Failed", code: 1, errors: "\(error)") }
        await seats.leave()
        return report
    }

    private func runThroughRestart(_ script: SSMScript, _ instance: String) async -> SSMAgent.Report {
        guard let shell = try? begin(script, instance) else { return await run(script, instance) }
        let first = Task {
            let result = await shell.result()
            forget(shell, script.command, instance)
            return result
        }
        let end = Date.now.addingTimeInterval(temper.faults.restartSeconds)
        while isKnown(shell, script.command, instance), Date.now < end { await pause(0.02) }
        // What has ended by then is not found in progress.
        guard isKnown(shell, script.command, instance) else { return agent(instance).report(await first.value, of: script) }
        if temper.faults.restartKills {
            shell.stop(.restarted)
            _ = await first.value
        }
        return await run(script, instance)
    }

    private func agent(_ instance: String) -> SSMAgent { SSMAgent(instance: instance, region: region, folder: folder) }

    private func begin(_ script: SSMScript, _ instance: String) throws -> ShellRun {
        let shell = try agent(instance).begin(script)
        if isClosed { shell.stop(.restarted) }
        running["\(script.command) \(instance)", default: []].append(shell)
        runs.append(Run(command: script.command, instance: instance, began: .now))
        return shell
    }

    private func isKnown(_ shell: ShellRun, _ id: String, _ instance: String) -> Bool { running["\(id) \(instance)"]?.contains { $0 === shell } == true }

    private func forget(_ shell: ShellRun, _ id: String, _ instance: String) { running["\(id) \(instance)"]?.removeAll { $0 === shell } }

    private func stop(_ id: String, _ instance: String, _ why: ShellRun.Stop) { running["\(id) \(instance)"]?.forEach { $0.stop(why) } }

    private func pause(_ seconds: Double) async { try? await Task.sleep(for: .seconds(seconds)) }
}

/// So many at a time; the others wait.
actor Seats {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { free = count }

    func take() async {
        if free > 0 { free -= 1 } else { await withCheckedContinuation { waiting.append($0) } }
    }

    func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
