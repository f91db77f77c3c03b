import Foundation

/// Podman with a store of the case's own, and images the case builds from nothing but programs of this machine and their libraries.
struct Containers {
    let stage: Stage
    private var folder: String { "\(stage.folder)/podman" }
    /// Podman takes no long path for it.
    private var run: String { "/tmp/cutover-run-\(getpid())-\(stage.name.prefix(5))" }

    /// As a plan or an env file names it.
    var tool: String {
        "/usr/bin/env CONTAINERS_CONF=\(folder)/containers.conf /usr/bin/podman --root \(folder)/root --runroot \(run) --tmpdir \(folder)/tmp"
            + " --storage-driver=vfs --runtime runc --cgroup-manager cgroupfs"
    }

    init(_ stage: Stage) throws {
        self.stage = stage
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/podman") else { throw Skip("podman is not installed: .ci/setup installs it") }
        guard getuid() == 0 else { throw Skip("containers of this machine want root") }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Podman's own are higher than some machines let anybody go, and no container would start.
        try "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=4096:4096\"]\nlog_driver = \"k8s-file\"\n[engine]\nevents_logger = \"file\"\n".write(
            toFile: "\(folder)/containers.conf", atomically: true, encoding: .utf8)
    }

    /// Builds an image of `programs`, by the path in it, and the libraries they need; answers it by digest.
    func build(_ name: String, _ programs: [String: String], texts: [String: String] = [:], entry: [String]) async throws -> String {
        let root = "\(folder)/build-\(name)"
        var copies: [String] = []
        for (path, file) in programs {
            copies.append("cp '\(file)' '\(root)\(path)'")
            copies.append("ldd '\(file)' | grep -o '/[^ ]*' | while read -r library; do mkdir -p \"\(root)$(dirname \"$library\")\"; cp -Ln \"$library\" \"\(root)$library\"; done")
        }
        let places = Set((programs.keys.map { $0 } + texts.keys.map { $0 }).map { ($0 as NSString).deletingLastPathComponent })
        try await shell((places.map { "mkdir -p '\(root)\($0)'" } + copies).joined(separator: "\n"))
        for (path, text) in texts { try text.write(toFile: root + path, atomically: true, encoding: .utf8) }
        let words = entry.map { "\"\($0)\"" }.joined(separator: ", ")
        try "FROM scratch\nCOPY . /\nENTRYPOINT [\(words)]\n".write(toFile: "\(folder)/\(name).dockerfile", atomically: true, encoding: .utf8)
        try await shell("\(tool) build -q -t localhost/\(name):made -f '\(folder)/\(name).dockerfile' '\(root)'; rm -rf '\(root)'")
        let digest = try await shell("\(tool) image inspect --format '{{.Digest}}' localhost/\(name):made")
        return "localhost/\(name)@\(digest.trimmingCharacters(in: .whitespacesAndNewlines))"
    }

    /// Every container of the case, running or not, by name.
    func names() async throws -> [String] {
        try await shell("\(tool) ps -a --format '{{.Names}}'").split(separator: "\n").map(String.init).sorted()
    }

    func inspect(_ name: String, _ format: String) async throws -> String {
        try await shell("\(tool) container inspect --format '\(format)' \(name)").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Nothing of it may be left, whatever became of the case.
    func end() async { _ = try? await shell("\(tool) rm -f -a -t 2; rm -rf '\(folder)' '\(run)'") }

    @discardableResult
    func shell(_ script: String) async throws -> String {
        let running = try await RunningProgram.start(
            "/bin/sh", ["-c", script], environment: ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], folder: stage.folder,
            log: "\(stage.logs)/shell-\(UUID().uuidString)")
        let ended = try await running.ended(within: 180)
        try expect(ended.code == 0, "a shell script ended with \(ended.code): \(ended.said)\n\(script.suffix(300))")
        return ended.out
    }
}
