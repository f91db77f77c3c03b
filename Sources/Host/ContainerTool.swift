import CrashPoints
import Foundation
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// The command line of docker or podman: the one that was named, else the first that answers.
public struct ContainerTool: Sendable {
    public struct Said: Sendable {
        public let code: Int
        public let output: String
        public let errors: String
    }

    private let named: String?
    private static let found = Found()
    private static let candidates = ["docker", "podman"]
    private static let outputLimit = 8 << 20
    private static let variables: [Environment.Key: String] = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"]

    /// - Parameter named: the command line with its own options, separated by spaces.
    public init(named: String?) { self.named = named }

    /// Runs it; an exit code is an answer. Throws when it cannot be run, or does not end in time.
    public func run(_ words: [String], withinSeconds: Double = 120) async throws(HostFault) -> Said {
        let command = try await command()
        CrashPoint.reached(Self.effect(words).map { "container \($0) begun" })
        let said = try await Self.spawn(command + words, withinSeconds: withinSeconds)
        CrashPoint.reached(Self.effect(words).map { "container \($0) done" })
        return said
    }

    /// Runs it and insists on success.
    @discardableResult
    public func insist(_ words: [String], withinSeconds: Double = 120) async throws(HostFault) -> String {
        let said = try await run(words, withinSeconds: withinSeconds)
        guard said.code == 0 else { throw HostFault.said("\(words.prefix(2).joined(separator: " ")) ended with \(said.code): \(said.errors.split(separator: "\n").suffix(3).joined(separator: " | "))") }
        return said.output
    }

    /// Nil of what only looks.
    private static func effect(_ words: [String]) -> String? { words.first.flatMap { ["run", "start", "stop", "rename", "rm", "pull"].contains($0) ? $0 : nil } }

    private func command() async throws(HostFault) -> [String] {
        if let named { return named.split(separator: " ").map(String.init) }
        return try await Self.found.one()
    }

    /// Asks each once a process.
    private actor Found {
        private var known: [String]?

        func one() async throws(HostFault) -> [String] {
            if let known { return known }
            var answers: [String] = []
            for name in ContainerTool.candidates {
                guard let path = ["/usr/local/bin", "/usr/bin", "/bin"].map({ "\($0)/\(name)" }).first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else { continue }
                // Without its daemon docker is no answer.
                let said = try? await ContainerTool.spawn([path, "info"], withinSeconds: 20)
                if said?.code == 0 {
                    known = [path]
                    return [path]
                }
                answers.append("\(path): \(said?.errors.split(separator: "\n").last.map(String.init) ?? "no answer")")
            }
            throw HostFault.said("no container runtime answers here\(answers.isEmpty ? ": neither docker nor podman is installed" : " (\(answers.joined(separator: "; ")))")")
        }
    }

    private static func spawn(_ words: [String], withinSeconds: Double) async throws(HostFault) -> Said {
        guard let program = words.first else { throw HostFault.said("the container runtime's command is empty") }
        let work = Task {
            try await Subprocess.run(
                program.hasPrefix("/") ? .path(FilePath(program)) : .name(program), arguments: Arguments(Array(words.dropFirst())), environment: .custom(variables),
                output: .string(limit: outputLimit), error: .string(limit: outputLimit))
        }
        let clock = Task {
            try await Task.sleep(for: .seconds(withinSeconds))
            work.cancel()
        }
        defer { clock.cancel() }
        do {
            let ended = try await work.value
            switch ended.terminationStatus {
            case .exited(let code): return Said(code: Int(code), output: ended.standardOutput, errors: ended.standardError)
            case .signaled(let signal): throw HostFault.said(work.isCancelled ? "\(program) did not end within \(Int(withinSeconds)) s" : "\(program) was killed by signal \(signal)")
            }
        } catch let fault as HostFault { throw fault } catch { throw HostFault.said("\(program): \(error)") }
    }
}
