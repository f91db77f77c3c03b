public import Cutover
import Foundation

/// A program in a container of its own name, on the host's network, started again when it ends.
///
/// What is replaced is put aside under the name `-before`, whole, until the next replacement: going back to the same image and variables is
/// starting that very container again.
public struct ContainerRuntime: ServiceRuntime {
    public let name: String
    public let image: ImageReference
    /// For the image's entry point.
    public let arguments: [String]
    /// More options for `run`.
    public let options: [String]
    private let tool: ContainerTool
    private var before: String { "\(name)-before" }

    public init(name: String, image: ImageReference, arguments: [String] = [], options: [String] = [], tool: ContainerTool) {
        self.name = name
        self.image = image
        self.arguments = arguments
        self.options = options
        self.tool = tool
    }

    public var wanted: String { image.text }

    public func running() async throws(HostFault) -> Int32? {
        guard let found = try await inspect(name), found.runs, found.what == image.text else { return nil }
        return found.state.pid
    }

    public func anyRunning() async throws(HostFault) -> (pid: Int32, what: String)? {
        guard let found = try await inspect(name), found.runs else { return nil }
        return (found.state.pid, found.what)
    }

    public func hasEnded() async throws(HostFault) -> Bool {
        guard let found = try await inspect(name) else { return true }
        // Started again by its restart policy, it will end again.
        return !found.runs || found.restarts ?? 0 > 0
    }

    public func isThere() async throws(HostFault) -> Bool { try await imageFacts() != nil }

    public func start(environment: [String: String], log: String, operation: OperationID) async throws(HostFault) {
        let facts = try await fetchedImage()
        let present = try await inspect(name)
        if let present, present.isMade(of: facts, with: environment) {
            if !present.runs { try await tool.insist(["start", name]) }
            return
        }
        if present != nil, let earlier = try await inspect(before), earlier.isMade(of: facts, with: environment) { return try await swapBack() }
        if present != nil {
            try await remove(before)
            try await tool.insist(["stop", "-t", "10", name])
            try await tool.insist(["rename", name, before])
        }
        do { try await create(environment, operation) } catch {
            try await withdraw(within: 10)
            throw error
        }
    }

    @discardableResult
    public func stop(within seconds: Double) async throws(HostFault) -> Bool {
        guard let found = try await inspect(name), found.runs else { return false }
        try await tool.insist(["stop", "-t", String(max(1, Int(seconds.rounded(.up)))), name], withinSeconds: seconds + 60)
        // 137: it had to be killed.
        return try await inspect(name)?.state.exitCode == 137
    }

    public func withdraw(within seconds: Double) async throws(HostFault) {
        try await stop(within: seconds)
        try await remove(name)
        guard try await inspect(before) != nil else { return }
        try await tool.insist(["rename", before, name])
        try await tool.insist(["start", name])
    }

    public func remove(within seconds: Double) async throws(HostFault) {
        if let earlier = try await inspect(before), earlier.isOurs { try await remove(before) }
        try await withdraw(within: seconds)
    }

    public func lastWords(log: String, lines: Int) async -> String {
        guard let said = try? await tool.run(["logs", "--tail", String(lines), name]), said.code == 0 else { return "" }
        return (said.output + "\n" + said.errors).split(separator: "\n").suffix(lines).joined(separator: " | ")
    }

    public func exitCode(environment: [String: String], withinSeconds: Double) async throws -> Int? {
        _ = try await fetchedImage()
        let trial = "\(name)-trial"
        try await remove(trial)
        let said = try await withVariables(environment) { (file) async throws(HostFault) in
            try await tool.run(["run", "-d", "--name", trial, "--network", "host", "--env-file", file] + options + [image.text] + arguments)
        }
        var ended: Int? = said.code == 0 ? nil : said.code
        let deadline = Date().addingTimeInterval(withinSeconds)
        while ended == nil, Date() < deadline, let found = try await inspect(trial) {
            if !found.runs, found.state.word != "created" { ended = Int(found.state.exitCode) } else { try await Task.sleep(for: .milliseconds(100)) }
        }
        try await remove(trial)
        return ended
    }

    // MARK: - Non public

    private func create(_ environment: [String: String], _ operation: OperationID) async throws(HostFault) {
        let labels = ["\(Container.operationLabel)=\(operation)", "\(Container.imageLabel)=\(image)"].flatMap { ["--label", $0] }
        _ = try await withVariables(environment) { (file) async throws(HostFault) in
            try await tool.insist(
                ["run", "-d", "--name", name, "--network", "host", "--restart", "unless-stopped", "--env-file", file] + labels + options + [image.text] + arguments)
        }
    }

    private func swapBack() async throws(HostFault) {
        let aside = "\(name)-aside"
        try await remove(aside)
        try await tool.insist(["stop", "-t", "10", name])
        try await tool.insist(["rename", name, aside])
        try await tool.insist(["rename", before, name])
        try await tool.insist(["rename", aside, before])
        try await tool.insist(["start", name])
    }

    private func remove(_ name: String) async throws(HostFault) {
        if try await inspect(name) != nil { try await tool.insist(["rm", "-f", name]) }
    }

    /// Variables go by a file that only its owner reads: in arguments everybody on the host would see them.
    private func withVariables<Value>(_ variables: [String: String], _ body: (String) async throws(HostFault) -> Value) async throws(HostFault) -> Value {
        for (key, value) in variables where value.contains("\n") { throw HostFault.said("\(key) has more than one line, which a container's env file can't carry") }
        let path = "/run/cutover-\(UUID().uuidString).env"
        try DurableFile.write(variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }.joined(), to: path, mode: 0o600)
        defer { try? DurableFile.remove(path) }
        return try await body(path)
    }

    private func inspect(_ name: String) async throws(HostFault) -> Container? { try await tool.facts(["container", "inspect", name]) }

    private func imageFacts() async throws(HostFault) -> ContainerImage? { try await tool.facts(["image", "inspect", image.text]) }

    private func fetchedImage() async throws(HostFault) -> ContainerImage {
        if let facts = try await imageFacts() { return facts }
        try await tool.insist(["pull", "-q", image.text], withinSeconds: 240)
        guard let facts = try await imageFacts() else { throw HostFault.said("the image \(image) was pulled and is not there") }
        return facts
    }

}

extension ContainerTool {
    /// Nil when there is none of that name.
    func facts<Facts: Decodable>(_ words: [String]) async throws(HostFault) -> Facts? {
        let said = try await run(words)
        guard said.code == 0 else {
            if said.errors.lowercased().contains("no such") || said.errors.lowercased().contains("not known") { return nil }
            throw HostFault.said("\(words.prefix(2).joined(separator: " ")) ended with \(said.code): \(said.errors)")
        }
        do { return try JSONDecoder().decode([Facts].self, from: Data(said.output.utf8)).first } catch { throw HostFault.said("\(words.prefix(2).joined(separator: " ")) answers in a form that is not known: \(error)") }
    }
}

/// What docker and podman alike tell of a container.
struct Container: Decodable {
    struct Running: Decodable {
        let word: String
        let isRunning: Bool
        let pid: Int32
        let exitCode: Int32
        enum CodingKeys: String, CodingKey { case word = "Status", isRunning = "Running", pid = "Pid", exitCode = "ExitCode" }
    }
    struct Settings: Decodable {
        let image: String?
        let env: [String]?
        let labels: [String: String]?
        enum CodingKeys: String, CodingKey { case image = "Image", env = "Env", labels = "Labels" }
    }
    static let imageLabel = "cutover.image"
    static let operationLabel = "cutover.operation"
    let imageID: String
    let state: Running
    let settings: Settings
    let restarts: Int?
    enum CodingKeys: String, CodingKey { case imageID = "Image", state = "State", settings = "Config", restarts = "RestartCount" }

    var runs: Bool { state.isRunning && state.pid > 0 }
    var isOurs: Bool { settings.labels?[Self.operationLabel] != nil }
    /// By which name its image was asked for.
    var what: String { settings.labels?[Self.imageLabel] ?? settings.image ?? imageID }

    /// It has those variables and no others, besides the image's own and those that every container has.
    func isMade(of image: ContainerImage, with environment: [String: String]) -> Bool {
        guard Self.plain(imageID) == Self.plain(image.id) else { return false }
        let wanted = Set(environment.map { "\($0)=\($1)" })
        let usual = Self.usual.subtracting(environment.keys)
        let own = Set(image.settings?.env ?? []).subtracting(wanted)
        return Set(settings.env ?? []).filter { line in !own.contains(line) && !usual.contains(String(line.prefix { $0 != "=" })) } == wanted
    }

    /// Every container has them.
    private static let usual: Set<String> = ["PATH", "HOME", "TERM", "HOSTNAME", "container"]

    /// What was set for the container of that name, and is not its image's own; nil when there is none.
    static func variables(of name: String, _ tool: ContainerTool) async throws(HostFault) -> [String: String]? {
        guard let container: Container = try await tool.facts(["container", "inspect", name]) else { return nil }
        let image: ContainerImage? = try await tool.facts(["image", "inspect", container.imageID])
        let own = Set(image?.settings?.env ?? [])
        var variables: [String: String] = [:]
        for line in container.settings.env ?? [] where !own.contains(line) {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if parts.count == 2, !usual.contains(parts[0]) { variables[parts[0]] = parts[1] }
        }
        return variables
    }

    private static func plain(_ id: String) -> Substring { id.hasPrefix("sha256:") ? id.dropFirst(7) : id[...] }
}

struct ContainerImage: Decodable {
    let id: String
    let settings: Container.Settings?
    enum CodingKeys: String, CodingKey { case id = "Id", settings = "Config" }
}
