import ArgumentParser
import Testing

@testable import cutoverctl

@Suite("arguments")
struct ArgumentTests {
    @Test("every command of the surface is understood", arguments: [
        ["lab", "up", "--tenants", "3", "--rows", "2052"], ["lint", "plan.yaml"], ["lint", "plan.yaml", "--json"], ["preview"], ["plan", "acme", "-o", "f.json"],
        ["preview", "--wave", "rest", "--detailed-exitcode", "--json"], ["preview", "--to", "A1", "-o", "f.json"], ["apply", "f.json"], ["apply", "f.json", "--valid-only", "--wait", "--json-lines"],
        ["advance"], ["advance", "acme", "zeta", "--to", "A2/backfill.verify", "--json-lines"],
        ["advance", "--wave", "canary", "--one-step"], ["run"], ["run", "--no-wait", "--json-lines"], ["revert", "acme", "--to", "start", "--confirm", "acme"],
        ["revert", "--wave", "rest", "--to", "A1/backfill.copy", "--reason", "x"], ["check"], ["check", "acme", "--json"], ["status"], ["status", "-w"],
        ["status", "--json", "--plan", "p", "--fleet", "f", "--journal", "j", "--as", "ann"], ["history", "acme", "--json"], ["why", "acme", "--json"],
        ["exceptions", "acme", "--kept"], ["resolve", "acme", "3", "--keep", "v1", "--reason", "x"], ["resolve", "acme", "3", "--text", "-", "--reason", "x"],
        ["resolve", "acme", "3", "--purge", "--reason", "x"], ["diff", "acme", "--access", "--back", "--list", "--json"],
        ["exceptions", "acme", "--ids"], ["approve", "acme", "A3/legacy.drop", "--reason", "x"], ["approve", "--wave", "rest", "--access", "gains", "--reason", "x"],
        ["approve", "acme", "--exceptions", "blank-content", "--reason", "x"], ["adopt"], ["adopt", "acme", "--preview", "--json"], ["adopt", "--wave", "rest", "--preview", "-o", "f.json"], ["adopt", "--from", "f.json", "--valid-only"], ["attest", "acme", "--blocker", "issue-769", "--reason", "x"],
        ["attest", "--wave", "rest", "--stage", "A", "--evidence", "f", "--reason", "x"], ["waive", "acme", "A3/legacy.drop", "--check", "c", "--for", "4h", "--reason", "x"],
        ["waive", "--wave", "rest", "A3/legacy.drop", "--check", "c", "--end", "--reason", "x"],
        ["hold", "acme", "--reason", "x"], ["hold", "--wave", "rest", "--reason", "x"],
        ["hold", "--all", "--reason", "x"], ["release", "acme", "--reason", "x"], ["journal", "verify"], ["journal", "verify", "--from", "e.jsonl", "--json"],
        ["journal", "export"], ["journal", "export", "e.jsonl"], ["host", "reading"], ["host", "watch", "--state", "/s", "--env", "/e", "--tenant", "acme"],
    ])
    func understood(words: [String]) throws {
        _ = try Cutoverctl.parseAsRoot(words)
    }

    @Test("what is no command is wrong usage, code 64", arguments: [
        ["nosuch"], ["advance", "--one-step", "--to", "A1"], ["revert", "acme"], ["revert", "--to", "start"], ["hold", "acme"], ["approve", "acme", "x"], ["apply"], ["advance", "acme", "--adopt-plan"], ["adopt", "-o", "f"], ["adopt", "acme", "--from", "f"], ["adopt", "--valid-only"], ["attest", "acme", "--reason", "x"],
        ["attest", "acme", "--stage", "D", "--evidence", "f", "--reason", "x"], ["attest", "acme", "--stage", "A", "--reason", "x"], ["attest", "--blocker", "b", "--reason", "x"],
        ["waive", "acme", "s", "--check", "c", "--reason", "x"], ["waive", "acme", "s", "--check", "c", "--for", "8d", "--reason", "x"],
        ["waive", "acme", "s", "--check", "c", "--end", "--for", "1h", "--reason", "x"], ["waive", "acme", "s", "--check", "c", "--end", "--key", "k", "--reason", "x"],
        ["waive", "acme", "s", "--check", "c", "--for", "1h", "--reason", " "], ["waive", "acme", "--check", "c", "--for", "1h", "--reason", "x"],
        ["approve", "acme", "--access", "both", "--reason", "x"], ["run", "--patience", "-1"], ["history"],
        ["resolve", "acme", "3", "--keep", "v1"], ["resolve", "acme", "3", "--reason", "x"], ["resolve", "acme", "3", "--purge", "--keep", "v1", "--reason", "x"],
    ])
    func usage(words: [String]) {
        do {
            _ = try Cutoverctl.parseAsRoot(words)
            Issue.record("understood: \(words)")
        } catch {
            #expect(Cutoverctl.exitCode(for: error).rawValue == 64)
        }
    }

    @Test("an approval names one subject, no more and no less")
    func subject() throws {
        func parts(_ words: [String]) throws -> (tenants: [String], step: String?) {
            try #require(try Cutoverctl.parseAsRoot(["approve", "--reason", "x"] + words) as? Approve).parts()
        }
        #expect(try parts(["acme", "A3/legacy.drop"]) == (["acme"], "A3/legacy.drop"))
        #expect(try parts(["--wave", "rest", "legacy.drop"]) == ([], "legacy.drop"))
        #expect(try parts(["acme", "--exceptions", "blank"]) == (["acme"], nil))
        for words in [["acme"], [], ["acme", "a", "b"], ["acme", "a", "--access", "gains"], ["--exceptions", "blank"]] {
            #expect(throws: CommandFailure.self) { try parts(words) }
        }
    }

    @Test("the lab gets its words untouched")
    func lab() throws {
        let lab = try #require(try Cutoverctl.parseAsRoot(["lab", "up", "--tenants", "3", "--json"]) as? Lab)
        #expect(lab.words == ["up", "--tenants", "3", "--json"])
    }
}

@Suite("process names")
struct ProcessNameTests {
    @Test("a name says whether its process has ended, and is silent about other boots")
    func gone() {
        let mine = ProcessName.mine
        #expect(ProcessName(mine.description) == mine)
        #expect(!mine.isGone)
        #expect(ProcessName(boot: mine.boot, pid: mine.pid, began: "1").isGone)
        #expect(!ProcessName(boot: "another", pid: mine.pid, began: "1").isGone)
        #expect(ProcessName("nonsense") == nil)
    }
}
