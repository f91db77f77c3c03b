import Cutover
import Foundation
import Host
import ProgramsTestKit
import Testing

@Suite("the environment of a container as a host's source of secrets", .enabled(if: getuid() == 0 && access("/usr/bin/podman", X_OK) == 0, "wants podman, and root"))
struct ContainerEnvironmentTests {
    /// Podman with a store of its own, and an image of nothing.
    private final class Store: Sendable {
        let folder: Folder
        /// Podman takes no long path for it.
        private let run = "/tmp/cutover-run-\(UUID().uuidString.prefix(8))"

        init() async throws {
            folder = try Folder()
            try folder.write("[containers]\nlog_driver = \"k8s-file\"\n[engine]\nevents_logger = \"file\"\n", to: "containers.conf")
            try Data(count: 10_240).write(to: URL(fileURLWithPath: folder.file("nothing.tar")))
            try await podman("import -q --change 'ENV OWN=of-the-image' '\(folder.file("nothing.tar"))' localhost/nothing:made")
        }

        var tool: String {
            "/usr/bin/env CONTAINERS_CONF=\(folder.path)/containers.conf /usr/bin/podman --root \(folder.path)/root --runroot \(run) --tmpdir \(folder.path)/tmp --storage-driver=vfs --cgroup-manager cgroupfs"
        }

        func podman(_ words: String) async throws { try await EndedProgram.said("/bin/sh", "-c", "\(tool) \(words)") }

        func make(_ name: String, _ variables: [String: String]) async throws {
            try folder.write(variables.map { "\($0.key)=\($0.value)\n" }.joined(), to: "variables")
            try await podman("create -q --name \(name) --network none --env-file '\(folder.file("variables"))' localhost/nothing:made /nothing")
        }

        /// As the host's program sees it, with an env file that names the container.
        func host(_ more: String = "") async throws -> HostSight {
            try folder.write("ENVIRONMENT_CONTAINER=server\nCONTAINER_RUNTIME=\(tool)\nSAID=here\n\(more)", to: "env")
            return await .asking(tenant: "acme", statePath: folder.path, envPath: folder.file("env"))
        }

        deinit { _ = try? FileManager.default.removeItem(atPath: run) }
    }

    @Test("what the env file does not say is taken from the container, is redacted, and is never written to the file")
    func taken() async throws {
        let store = try await Store()
        try await store.make("server", ["DATABASE_URL": "postgresql://acme:of-the-container@127.0.0.1/acme", "SAID": "there", "EMPTY": "", "SIGNS": "a=b"])
        let env = try await store.host().env()
        #expect(try env.require("DATABASE_URL") == "postgresql://acme:of-the-container@127.0.0.1/acme")
        #expect((env["SAID"], env["EMPTY"], env["SIGNS"]) == ("here", "", "a=b"))
        // The image's own are whichever image's.
        #expect(env["OWN"] == nil && env["PATH"] == nil)
        #expect(env.variables["SIGNS"] == "a=b")
        #expect(Redaction(env).clean("it said of-the-container") == "it said [secret]")

        let wired = env.setting("MEMORY_PLUGIN_URL", to: "http://127.0.0.1:1")
        try wired.save()
        #expect(store.folder.text("env")?.contains("of-the-container") == false)
        #expect(wired.setting("SIGNS", to: nil)["SIGNS"] == nil)
    }

    @Test("a container that was put aside for the next one still counts; without any of that name nothing is begun on a guess")
    func aside() async throws {
        let store = try await Store()
        let nobody = try await store.host()
        let failure = try #require(throws: StepFailure.self) { try nobody.env() }
        #expect(failure.effect == .nothingChanged && failure.what.contains("server"))
        #expect(Redaction.of(nobody).clean("password=hunter-of-the-file") == "password=[secret]")

        try await store.make("server-before", ["DATABASE_URL": "of-the-one-before"])
        await nobody.refresh()
        #expect(try nobody.env()["DATABASE_URL"] == "of-the-one-before")
        // Whoever looks for long keeps what it knows.
        try await store.podman("rm server-before")
        await nobody.refresh()
        #expect(try nobody.env()["DATABASE_URL"] == "of-the-one-before")
    }

    @Test("an env file that names no container is all there is")
    func none() async throws {
        let folder = try Folder()
        try folder.write("A=1\n", to: "env")
        #expect(try await HostSight.asking(tenant: "acme", statePath: folder.path, envPath: folder.file("env")).env().variables == ["A": "1"])
    }
}
