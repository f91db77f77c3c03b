import Foundation
import Testing

@testable import Host

@Suite("images") struct ImageReferenceTests {
    private let digest = "sha256:" + String(repeating: "0a", count: 32)

    @Test("an image is known by its digest; the tag beside it says nothing", arguments: [
        ("plugin", "plugin"), ("registry.example:5000/team/plugin", "registry.example:5000/team/plugin"), ("team/plugin:1.4", "team/plugin"),
        ("registry.example:5000/team/plugin:1.4", "registry.example:5000/team/plugin"),
    ])
    func known(written: String, meant: String) throws {
        #expect(try ImageReference("\(written)@\(digest)").text == "\(meant)@\(digest)")
    }

    @Test("one without a digest is refused", arguments: ["plugin", "plugin:latest", "plugin@sha256:0a", "plugin@md5:0a", "", "-rm@", "--privileged@"])
    func refused(written: String) {
        #expect(throws: HostFault.self) { try ImageReference(written) }
        if written.hasSuffix("@") { #expect(throws: HostFault.self) { try ImageReference(written + digest) } }
    }

    private func container(_ env: [String], image: String = "i1") throws -> Container {
        let value: [String: Any] = [
            "Image": image, "State": ["Status": "running", "Running": true, "Pid": 7, "ExitCode": 0], "Config": ["Image": "x", "Env": env, "Labels": [:] as [String: String]],
        ]
        return try JSONDecoder().decode(Container.self, from: JSONSerialization.data(withJSONObject: value))
    }

    @Test("a container serves again only with the same image and the same variables, neither more nor fewer")
    func made() throws {
        let image = try JSONDecoder().decode(ContainerImage.self, from: Data(#"{ "Id": "sha256:i1", "Config": { "Env": ["PATH=/bin", "BAKED=1"] } }"#.utf8))
        let always = ["PATH=/bin", "BAKED=1", "HOME=/root", "TERM=xterm", "HOSTNAME=h", "container=podman"]
        #expect(try container(always + ["URL=a"]).isMade(of: image, with: ["URL": "a"]))
        #expect(try container(always).isMade(of: image, with: [:]))
        #expect(try container(always + ["BAKED=2"]).isMade(of: image, with: ["BAKED": "2"]))
        #expect(try !container(always + ["URL=b"]).isMade(of: image, with: ["URL": "a"]))
        #expect(try !container(always + ["URL=a", "MORE=1"]).isMade(of: image, with: ["URL": "a"]))
        #expect(try !container(always).isMade(of: image, with: ["URL": "a"]))
        #expect(try !container(always + ["URL=a"], image: "i2").isMade(of: image, with: ["URL": "a"]))
    }
}
