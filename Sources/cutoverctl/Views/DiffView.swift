import Cutover
import Phases

/// What a comparison of the two stores found.
struct DiffView {
    typealias Found = DiffStores.Result
    let tenant: TenantID
    let found: Found
    let unsigned: [ReadChanges.Result.Red]

    /// - Parameter consents: what the tenant's journal has of signatures.
    init(tenant: TenantID, found: Found, consents: [Consent]) {
        self.tenant = tenant
        self.found = found
        self.unsigned = found.changes?.unsigned(consents) ?? []
    }

    /// Not knowing weighs more than a difference, and a missing signature more than what a repair takes away.
    var status: CommandExit {
        var all: [CommandExit] = [.done]
        if !found.complete { all.append(.unknown) }
        if let unproven = found.overHTTP?.unproven, unproven > 0 { all.append(.unknown) }
        if !unsigned.isEmpty { all.append(.inTheWay) }
        if !found.differing.isEmpty { all.append(.changesPending) }
        return .worst(of: all)
    }

    func human(_ line: DiffLine) -> String {
        let fields = line.fields.isEmpty ? "" : "  \(line.fields.joined(separator: ", "))"
        return line.what.padding(to: 11) + "  \(line.id)\(fields)"
    }

    func summary(_ paint: Paint) -> String {
        let store = found.against == "v1" ? "v1" : "what was frozen"
        func counts(_ numbers: [String: Int]) -> String { numbers.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ") }
        var lines = ["\(tenant): \(found.rowsV1) rows of \(store), \(found.rowsV2) of v2, \(found.equal) equal (\(PlainText.moment(found.from)) to \(PlainText.moment(found.to)))"]
        if !found.explained.isEmpty { lines.append("accounted for: \(counts(found.explained))") }
        for role in found.changes?.roles ?? [] {
            lines.append("since the freeze \(role.role) wrote \(role.writes) rows in \(role.transactions) transactions, forgot \(role.forgets), at most \(role.largestForget) at once")
        }
        for red in found.changes?.red ?? [] {
            lines.append(unsigned.contains(red) ? paint.red("not signed: \(red.words)") : "signed: \(red.words)")
        }
        if let over = found.overHTTP {
            lines.append("over HTTP: \(found.equal) rows proven one by one, \(over.unproven) not shown by any search; \(over.shownWhole) of \(over.namespaces) namespaces show all they hold, \(over.theirs) records in them are not ours")
            lines.append("over HTTP: \(over.unread["overwritten-unread"] ?? 0) records were overwritten and \(over.unread["forgotten-unread"] ?? 0) forgotten without having been read just before")
        }
        if !found.complete {
            lines.append(paint.yellow("not known: \(found.provenRows) of about \(found.estimatedRows) rows were compared in time; type the same again to go on"))
        }
        if !found.differing.isEmpty { lines.append(paint.red("differing: \(counts(found.differing))")) }
        if status == .done { lines.append(paint.green("nothing differs")) }
        switch status {
        case .inTheWay: lines.append("next: cutoverctl approve \(tenant) --changes \(unsigned.first?.kind ?? "all") --reason TEXT")
        case .changesPending where found.differing.keys.elementsEqual(["changed-in-plugin"]):
            lines.append("what changed in the plugin may be an agent's or a loss; advance lists it, then: cutoverctl approve \(tenant) --exceptions REASON, resolve \(tenant) ID, or repair \(tenant) --lost")
        case .changesPending: lines.append("next: cutoverctl repair \(tenant) --preview")
        default: break
        }
        return lines.joined(separator: "\n")
    }

    struct Document: Codable, Equatable {
        struct Rows: Codable, Equatable {
            let v1: Int
            let v2: Int
            let equal: Int
            let proven: Int
            let about: Int
            let resumed: Int
            let rechecked: Int
        }
        let formatVersion: Int
        let tenant: TenantID
        let against: String
        let complete: Bool
        let clean: Bool
        let rows: Rows
        let differing: [String: Int]
        let explained: [String: Int]
        let digests: [String: String]
        let from: String
        let to: String
        let changes: ReadChanges.Result?
        let unsigned: [String]
        let overHTTP: DiffStores.OverHTTP?
    }

    func summaryLine() throws -> String { try JSONText.line(body) }

    /// One document in two halves, between which the differing rows are written as they come.
    func document() throws -> (head: String, tail: String) {
        let text = try JSONText.document(body)
        return (text.dropLast(2) + ",\n  \"differences\" : [", "  ]\n}")
    }

    private var body: Document {
        Document(
            formatVersion: 1, tenant: tenant, against: found.against, complete: found.complete, clean: found.clean && unsigned.isEmpty,
            rows: .init(
                v1: found.rowsV1, v2: found.rowsV2, equal: found.equal, proven: found.provenRows, about: found.estimatedRows,
                resumed: found.resumedRows, rechecked: found.rechecked),
            differing: found.differing, explained: found.explained, digests: ["v1": found.digestV1, "v2": found.digestV2], from: found.from, to: found.to,
            changes: found.changes, unsigned: unsigned.map(\.kind), overHTTP: found.overHTTP)
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
