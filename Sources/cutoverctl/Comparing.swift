import Cutover
import Foundation
import Phases

/// A comparison of a tenant's two stores, asked of its host again and again until all is compared or the time is up.
struct Comparing {
    let site: Wiring.Site
    let tenant: TenantID
    let against: String?
    let within: Duration
    let console: Console

    /// One question lasts no longer: its host operation must end long before the transport gives it up.
    private static let askSeconds = 60

    /// What a transport carries of one answer. AWS Systems Manager cuts at 24,000 characters.
    private var pageBytes: Int { site.fleet.host(of: tenant)?.transport == "ssm" ? 12_000 : 1 << 20 }

    func compare(fresh: Bool, includingListed: Bool = false) async throws -> DiffStores.Result {
        let deadline = ContinuousClock.now + within
        var isFirst = true
        while true {
            let left = Int((deadline - ContinuousClock.now).components.seconds)
            let operation = DiffStores(
                against: against, withinSeconds: max(0, min(Self.askSeconds, left)), fresh: fresh && isFirst, includingListed: includingListed, plan: site.plan)
            let found = try await site.engine.ask(operation, of: tenant).get()
            isFirst = false
            if found.complete || ContinuousClock.now + .seconds(1) >= deadline { return found }
            console.note("\(tenant): \(found.provenRows) of about \(found.estimatedRows) rows compared, \(found.differing["in-flight"] ?? 0) under way")
        }
    }

    func eachLine(of found: DiffStores.Result, _ body: (DiffLine) throws -> Void) async throws {
        if found.lines == 0 { return }
        let decoder = JSONDecoder()
        var next: Int? = 0
        while let offset = next {
            let page = try await site.engine.ask(DiffPage(against: found.against, offset: offset, bytes: pageBytes), of: tenant).get()
            for line in page.text.utf8.split(separator: UInt8(ascii: "\n")) { try body(try decoder.decode(DiffLine.self, from: Data(line))) }
            next = page.next
        }
    }
}

/// One differing row.
struct DiffLine: Codable, Equatable, Sendable {
    let id: String
    let what: String
    let fields: [String]
}
