import Foundation

/// A network of its own for a case's hosts, at the other end of a cable that can be pulled, or lose what goes over it.
struct FarNetwork {
    let stage: Stage
    /// The network lives as long as any process in it.
    private let keeper: RunningProgram
    private let near: String
    /// This machine's address on the cable, and the hosts'.
    private let addresses: (here: String, there: String)
    private static let far = "far"

    /// Throws `Skip` where the machine allows no such thing.
    static func make(_ stage: Stage) async throws -> FarNetwork {
        guard getuid() == 0 else { throw Skip("only root can have networks of its own") }
        for tool in ["/usr/bin/unshare", "/usr/bin/nsenter", "/usr/sbin/ip", "/usr/sbin/nft"] where !FileManager.default.isExecutableFile(atPath: tool) {
            throw Skip("\(tool) is not there: .ci/setup installs it")
        }
        let keeper = try await RunningProgram.start("/usr/bin/unshare", ["--net", "/usr/bin/sleep", "infinity"], environment: [:], folder: stage.folder, log: "\(stage.logs)/far")
        // Addresses that are for trying networks out, and four of them that are this process's alone.
        let first = UInt32(198) << 24 | 18 << 16 | UInt32(getpid() % 32_768) * 4
        func text(_ address: UInt32) -> String { "198.\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)" }
        let network = FarNetwork(stage: stage, keeper: keeper, near: "cut\(getpid())", addresses: (text(first + 1), text(first + 2)))
        do { try await network.lay() } catch {
            await network.end()
            throw Skip("no networks of its own here: \(error)")
        }
        return network
    }

    var address: String { addresses.there }

    /// Runs a program of the product there.
    func run(_ program: String, _ words: String..., code: Int) async throws {
        let ended = try await RunningProgram.start(
            "/usr/bin/nsenter", inside + [stage.places.program(program)] + words, environment: ["CUTOVER_PG": ProcessInfo.processInfo.environment["CUTOVER_PG"]].compactMapValues { $0 },
            folder: stage.folder, log: "\(stage.logs)/far-\(program)-\(UUID().uuidString.prefix(6))"
        ).ended(within: 180)
        try expect(ended.code == code, "far away `\(ended.words)` ended with \(ended.code), not \(code): \(ended.said)")
    }

    func pull() async throws { try await there("ip link set \(Self.far) down") }
    /// Back when a packet comes through: neighbours that could not be found are not looked for at once.
    func plug() async throws {
        try await there("ip link set \(Self.far) up")
        _ = try await eventually("the cable is back", within: 30) {
            try await shell("ip neigh flush dev \(near); /bin/bash -c ': <>/dev/tcp/\(addresses.there)/1' 2>&1 || true").contains("refused") ? true : nil
        }
    }

    /// So many of a hundred packets are lost, either way, by chance.
    func lose(_ percent: Int) async throws {
        let rule = "numgen random mod 100 < \(percent) counter drop"
        try await there(
            "nft add table inet loss; nft 'add chain inet loss in { type filter hook input priority 0; }'; nft 'add chain inet loss out { type filter hook output priority 0; }';"
                + " nft 'add rule inet loss in iifname \(Self.far) \(rule)'; nft 'add rule inet loss out oifname \(Self.far) \(rule)'")
    }

    /// Answers how many packets were lost.
    @discardableResult
    func loseNothing() async throws -> Int {
        let told = try await there("nft list table inet loss; nft delete table inet loss")
        return told.matches(of: #/packets (\d+)/#).compactMap { Int($0.1) }.reduce(0, +)
    }

    /// Whatever runs there has to have ended.
    func end() async {
        _ = try? await shell("ip link delete \(near)")
        keeper.kill()
        _ = try? await keeper.ended(within: 30)
    }

    // MARK: - Non public

    private var inside: [String] { ["-t", String(keeper.pid), "-n"] }

    private func lay() async throws {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
        _ = try await eventually("the network is there", within: 20, pause: 10) {
            let found = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(keeper.pid)/ns/net")
            return found != nil && found != own ? true : nil
        }
        try await shell("ip link add \(near) type veth peer name \(Self.far) netns \(keeper.pid); ip address add \(addresses.here)/30 dev \(near); ip link set \(near) up")
        try await there("ip address add \(addresses.there)/30 dev \(Self.far); ip link set \(Self.far) up; ip link set lo up")
        try await lose(1)
        try await loseNothing()
    }

    @discardableResult
    private func there(_ script: String) async throws -> String { try await shell(script, in: ["/usr/bin/nsenter"] + inside) }

    @discardableResult
    private func shell(_ script: String, in spaces: [String] = []) async throws -> String {
        let words = spaces + ["/bin/sh", "-ec", script]
        let ended = try await RunningProgram.start(
            words[0], Array(words.dropFirst()), environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"], folder: stage.folder, log: "\(stage.logs)/far-\(UUID().uuidString.prefix(6))"
        ).ended(within: 60)
        try expect(ended.code == 0, "`\(script)` ended with \(ended.code): \(ended.said)")
        return ended.out
    }
}
