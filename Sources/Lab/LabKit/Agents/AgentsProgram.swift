import Foundation

/// The agents of one tenant, as a process.
public struct AgentsProgram {
    private let folder: TenantFolder
    private let tenant: String
    private static let agents = 4

    public init(root: String, tenant: String) {
        self.tenant = tenant
        folder = LabLayout(root: root).tenant(tenant)
    }

    /// Works until SIGTERM, then ends the acts in flight and returns.
    public func run() throws {
        let env = try TenantEnv(file: folder.env)
        let base = try AccountBase(folder: folder)
        let account = try Account(folder: folder)
        let book = try AccountBook(folder: folder, after: account.lastNumber)
        let gate = PauseGate()
        let notes = AgentNotes()
        let stopSignal = Self.stop(gate)
        let finished = DispatchGroup()
        let pause = Self.pause(env)
        for index in 0..<Self.agents {
            let name = "agent-\(index + 1)"
            let workspaces = base.agentWorkspaces.enumerated().filter { $0.offset % Self.agents == index }.map(\.element)
            let memories = Self.memories(of: index, account, base)
            finished.enter()
            let thread = Thread {
                let doors = ServerDoors(base: env["WORKSPACE_SERVER_URL"], secret: env["AUTH_SECRET"])
                let agent = Agent(
                    name: name, doors: doors, book: book, notes: notes, workspaces: workspaces, memories: memories)
                while gate.pass({ agent.act() }) { usleep(UInt32.random(in: pause)) }
                finished.leave()
            }
            thread.start()
        }
        LabLog.say("agents of \(tenant): at work")
        attend(gate, notes)
        finished.wait()
        stopSignal.cancel()
        LabLog.say("agents of \(tenant): stopped; \(notes.line)")
    }

    // MARK: - Non public

    /// Between two acts, in microseconds. A tenant's env file can make its agents work harder.
    private static func pause(_ env: TenantEnv) -> ClosedRange<UInt32> {
        let middle = (UInt32(env["LAB_AGENT_PAUSE_MS"]) ?? 600) * 1000
        return middle * 7 / 12...middle * 17 / 12
    }

    /// Follows the pause file until stopped, and says when all is quiet.
    private func attend(_ gate: PauseGate, _ notes: AgentNotes) {
        var said = Date.now
        while !gate.isStopping {
            if let word = try? String(contentsOfFile: folder.pauseFile, encoding: .utf8) {
                gate.hold(true)
                if gate.isQuiet, (try? String(contentsOfFile: folder.pausedFile, encoding: .utf8)) != word {
                    try? word.write(toFile: folder.pausedFile, atomically: true, encoding: .utf8)
                }
            } else {
                unlink(folder.pausedFile)
                gate.hold(false)
            }
            if Date.now.timeIntervalSince(said) > 60 {
                said = .now
                LabLog.say("agents of \(tenant): \(notes.line)")
            }
            usleep(30_000)
        }
    }

    private static func stop(_ gate: PauseGate) -> any DispatchSourceSignal {
        signal(SIGTERM, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGTERM, queue: .global())
        source.setEventHandler { gate.stop() }
        source.resume()
        return source
    }

    /// The living memories of one agent. A seeded row is its by hash, and only a share of those rows is ever touched.
    private static func memories(of index: Int, _ account: Account, _ base: AccountBase) -> [OwnMemory] {
        let workspaces = base.agentWorkspaces.map(\.id)
        return account.memories.values.sorted { $0.key < $1.key }.compactMap { truth in
            guard truth.mustBeThere, !truth.isUncertain, let text = truth.texts.first?.text, let id = truth.id,
                let workspace = truth.workspace, let place = workspaces.firstIndex(of: workspace)
            else { return nil }
            if let facts = truth.seeded {
                let mark = hash(truth.key)
                guard !facts.untouched, mark % 10 < 4, Int(mark / 10 % UInt64(agents)) == index else { return nil }
                let isFresh = ExactText(facts.content) == ExactText(text)
                return OwnMemory(
                    key: truth.key, id: id, workspace: workspace, scope: truth.scope, content: text,
                    lastDoor: isFresh ? nil : .http)
            }
            guard place % agents == index else { return nil }
            // Through which door it was last touched is forgotten; taken as the one that makes the agent look first.
            return OwnMemory(key: truth.key, id: id, workspace: workspace, scope: truth.scope, content: text, lastDoor: .mcp)
        }
    }

    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 } >> 8
    }
}
