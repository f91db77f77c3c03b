import ArgumentParser
import Cutover
import Foundation
import Phases

struct Resolve: Command {
    static let configuration = CommandConfiguration(
        abstract: "Settles a conflict or a suspected twin as a person decides, or purges a kept text.",
        usage: "cutoverctl resolve TENANT NUMBER|ID (--keep v1|v2|both | --text FILE | --purge) --reason TEXT",
        discussion: """
            The choice is written to both stores, and only if both rows are still those that were listed: otherwise nothing is changed.
            With --text the memory loses its embedding, which was made of the text before; the plugin makes none, so until an agent writes
            the memory anew with one, it is found by its words alone.
            Of a twin, v1 is the one that came by the server's fallback and v2 the one that came by the plugin; both keeps both.
            Of a row that changed in a plugin reached over HTTP, v2 says that an agent forgot or edited it there, and v1 follows; v1 says
            that the plugin lost it, and it is sent again.
            """)

    @Argument(help: "The tenant.")
    var tenant: String
    @Argument(help: "The number of the conflict, or the id of the memory, as `exceptions` lists them.")
    var what: String
    @Option(help: "v1, v2, or both for a twin.")
    var keep: Side?
    @Option(help: "A file with the text that takes the place of both; - is standard input.")
    var text: String?
    @Flag(help: "Takes the text out of a record that `exceptions --kept` lists.")
    var purge = false
    @Option(help: "Why; it is recorded.")
    var reason: String
    @OptionGroup var inputs: InputOptions

    enum Side: String, ExpressibleByArgument, Sendable { case v1, v2, both }

    func validate() throws {
        guard [keep != nil, text != nil, purge].count(where: { $0 }) == 1 else {
            throw ValidationError("say what becomes of it: --keep v1|v2|both, --text FILE or --purge, one of the three")
        }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: .refuse, asking: false)
        let tenant = try site.choice.tenant(tenant)
        if purge {
            guard let number = Int(what) else {
                throw CommandFailure("\(what) is no number", why: "kept texts are purged by their number", next: "cutoverctl exceptions \(tenant) --kept", status: .usage)
            }
            _ = try await site.engine.carryOut(PurgeKept(number: number, table: LegacyTable.of(site.plan)[0]), on: tenant, reason: reason, facts: Evidence(["kept": what])) { _ in Evidence() }.get()
            console.note("\(tenant): the kept text \(number) is purged")
            return .done
        }
        let listed = try await MemoryQuestions(engine: site.engine).exceptions(of: tenant)
        if let conflict = listed.conflicts.last(where: { String($0.n) == what || $0.id == what.lowercased() }) {
            try await settle(conflict, tenant, site, console)
        } else if let twin = listed.exceptions.first(where: { $0.id == what.lowercased() && $0.reason == "suspected-twin" }) {
            try await settle(twin, tenant, site)
        } else if let changed = listed.exceptions.first(where: { $0.id == what.lowercased() && ExceptionsReport.changedInPlugin.contains($0.reason) }) {
            try await settleChanged(changed, tenant, site)
        } else {
            throw CommandFailure(
                "\(tenant) has no conflict and no suspected twin \(what)", why: "neither a conflict's number nor a listed memory's id is this",
                next: "cutoverctl exceptions \(tenant)")
        }
        console.note("\(tenant): \(what) is settled in both stores")
        return .done
    }

    private func settle(_ conflict: ExceptionsReport.Conflict, _ tenant: TenantID, _ site: Wiring.Site, _ console: Console) async throws {
        let (choice, word) = try choice()
        let operation = SettleConflict(id: conflict.id, seen1: conflict.v1Digest, seen2: conflict.v2Digest, keep: choice, table: LegacyTable.of(site.plan)[0])
        // The texts stay with the tenant: the journal has their digests.
        let facts = Evidence(["conflict": String(conflict.n), "memory": conflict.id, "keep": word, "v1": conflict.v1Digest, "v2": conflict.v2Digest])
        let settled = try await site.engine.carryOut(operation, on: tenant, reason: reason, facts: facts) {
            Evidence(["keep": word].merging($0.droppedEmbedding ? ["embedding": "dropped"] : [:]) { $1 })
        }.get()
        if settled.droppedEmbedding {
            console.note("\(tenant): memory \(conflict.id) has no embedding any more: it is found by its words alone until an agent writes it anew with one")
        }
    }

    private func settle(_ twin: ExceptionsReport.Exception, _ tenant: TenantID, _ site: Wiring.Site) async throws {
        guard let keep else {
            throw CommandFailure("\(twin.id) and its twin say the same", why: "there is nothing to write in their place", next: "say --keep v1, v2 or both", status: .usage)
        }
        let facts = Evidence(["memory": twin.id, "twin": twin.detail, "keep": keep.rawValue])
        _ = try await site.engine.carryOut(SettleTwin(id: twin.id, keep: keep.rawValue, table: LegacyTable.of(site.plan)[0]), on: tenant, reason: reason, facts: facts) { _ in
            Evidence(["keep": keep.rawValue])
        }.get()
    }

    private func settleChanged(_ row: ExceptionsReport.Exception, _ tenant: TenantID, _ site: Wiring.Site) async throws {
        guard let keep, keep != .both else {
            throw CommandFailure("\(row.id) is one memory", why: "either an agent changed it in the plugin, or the plugin lost it", next: "say --keep v2 or --keep v1", status: .usage)
        }
        let facts = Evidence(["memory": row.id, "reason": row.reason, "detail": row.detail, "keep": keep.rawValue])
        _ = try await site.engine.carryOut(SettleChanged(id: row.id, keep: keep.rawValue, table: LegacyTable.of(site.plan)[0]), on: tenant, reason: reason, facts: facts) { _ in
            Evidence(["keep": keep.rawValue])
        }.get()
    }

    /// The choice, and how the journal calls it.
    private func choice() throws(CommandFailure) -> (SettleConflict.Keep, String) {
        switch keep {
        case .v1: return (.v1, "v1")
        case .v2: return (.v2, "v2")
        case .both: throw CommandFailure("a conflict is one memory", why: "it can't keep both texts", next: "say --keep v1 or v2, or --text FILE", status: .usage)
        case nil: break
        }
        let path = text ?? "-"
        let bytes = path == "-" ? try? FileHandle.standardInput.readToEnd() : FileManager.default.contents(atPath: path)
        guard let bytes, let words = String(data: bytes, encoding: .utf8) else {
            throw CommandFailure("\(path) can't be read", why: "it is not there, or it is not UTF-8", next: "name a file with the text", status: .failed)
        }
        return (.text(words), "a text with SHA-256 \(Digest.sha256(words))")
    }
}
