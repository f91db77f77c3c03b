import Cutover
import Foundation
import Host
import Testing

@Suite("the env file of a host") struct EnvFileTests {
    private let text = """
        # The server's settings
        DATABASE_URL=postgresql://u:p@127.0.0.1:5432/db?a=b
          INDENTED=yes
        QUOTED="two words # not a comment"
        SINGLE='it is "so"'
        EMPTY=

        #COMMENTED=no
        HALF="open
        no equals sign
        LAST=1
        """

    private var env: EnvFile { EnvFile(path: "/etc/acme.env", text: text + "\n") }

    @Test("values are read without their quotes, and keep every sign of equality", arguments: [
        ("DATABASE_URL", "postgresql://u:p@127.0.0.1:5432/db?a=b"), ("INDENTED", "yes"), ("QUOTED", "two words # not a comment"),
        ("SINGLE", "it is \"so\""), ("EMPTY", ""), ("HALF", "\"open"), ("LAST", "1"),
    ])
    func parse(key: String, value: String) { #expect(env[key] == value) }

    @Test("comments and lines without a value are no variables")
    func comments() {
        #expect(env["COMMENTED"] == nil)
        #expect(env["#COMMENTED"] == nil)
        #expect(env.variables.keys.sorted() == ["DATABASE_URL", "EMPTY", "HALF", "INDENTED", "LAST", "QUOTED", "SINGLE"])
    }

    @Test("the last of two lines with one key counts")
    func doubled() { #expect(EnvFile(path: "", text: "A=1\nA=2\n")["A"] == "2") }

    @Test("the text comes out as it went in")
    func unchanged() { #expect(env.text == text + "\n") }

    @Test("setting a variable changes its line and no other")
    func setting() {
        let changed = env.setting("INDENTED", to: "no")
        #expect(changed["INDENTED"] == "no")
        #expect(changed.text == text.replacing("  INDENTED=yes", with: "INDENTED=no") + "\n")
    }

    @Test("a new variable is added at the end, and an absent one is taken out")
    func addingAndRemoving() {
        let added = env.setting("NEW", to: "x=y")
        #expect(added.text == text + "\nNEW=x=y\n")
        #expect(added.setting("NEW", to: nil) == env)
        #expect(env.setting("NEVER", to: nil) == env)
    }

    @Test("a variable that stands there twice is gone when it is taken out")
    func removingDoubled() { #expect(EnvFile(path: "", text: "A=1\nB=2\nA=3\n").setting("A", to: nil).text == "B=2\n") }

    @Test("a setting is itself, or the variable that it refers to")
    func references() throws {
        #expect(try env.resolve("127.0.0.1:9101") == "127.0.0.1:9101")
        #expect(try env.resolve("env:INDENTED") == "yes")
        #expect(try env.require("LAST") == "1")
    }

    @Test("a reference to a variable that is not there names the variable and the file, and changes nothing")
    func missingReference() {
        let failure = #expect(throws: StepFailure.self) { try env.resolve("env:PLUGIN_LISTEN") }
        #expect(failure?.what.contains("PLUGIN_LISTEN") == true)
        #expect(failure?.what.contains("/etc/acme.env") == true)
        #expect(failure?.effect == .nothingChanged)
    }

    @Test("a file that is not there is a fault that names it")
    func missingFile() {
        let fault = #expect(throws: HostFault.self) { try EnvFile.read("/nonexistent/env") }
        #expect(fault?.description.contains("/nonexistent/env") == true)
    }

    @Test("a saved file is read back the same, and belongs to whom it belonged")
    func save() throws {
        let folder = try Folder()
        let path = folder.file("env")
        try folder.write("A=1\n", to: "env")
        chmod(path, 0o640)
        chown(path, 65_534, 65_534)
        try EnvFile.read(path).setting("A", to: "2").save()
        #expect(try EnvFile.read(path)["A"] == "2")
        var status = stat()
        stat(path, &status)
        #expect(status.st_mode & 0o777 == 0o640)
        if getuid() == 0 { #expect(status.st_uid == 65_534 && status.st_gid == 65_534) }
        #expect(folder.names == ["env"])
    }
}
