import Foundation

/// What a comparison over HTTP makes of one row.
enum RemoteVerdict: Sendable, Equatable {
    case equal, conflict, excepted, unproven, inFlight, missing
    case different(String)
    /// Since the freeze whoever else writes v2 is an agent.
    case edited
    /// It was proven in the plugin, and is absent now or says something else that is not ours.
    case changed(String)
    /// It is on the list as changed, and is as it was agreed on.
    case mended

    /// Nil where there is nothing to tell.
    func finding(_ row: RemoteRow) -> RemoteFinding? {
        func line(_ what: ParityLine.What, _ fields: [String] = []) -> RemoteFinding {
            RemoteFinding(kind: self == .mended ? .mended : .differs, line: ParityLine(id: row.id, what: what, fields: fields), namespace: row.namespace)
        }
        switch self {
        case .equal, .conflict, .excepted, .edited: return nil
        case .unproven: return line(.unproven)
        case .inFlight: return line(.inFlight)
        case .missing: return line(.missing)
        case .different(let field): return line(.different, [field])
        case .changed(let field): return line(.changed, [field])
        case .mended: return line(.changed)
        }
    }
}

/// What a namespace shows of itself: all it holds, or its newest.
struct Shown: Sendable {
    let namespace: String
    let records: [UUID: FoundRecord]
    let isWhole: Bool

    init(_ namespace: String, _ plugin: PluginRecords) async throws {
        let (listing, whole) = try await plugin.listing(of: namespace)
        self.namespace = namespace
        self.records = Dictionary(listing.map { ($0.id, $0) }) { first, _ in first }
        self.isWhole = whole
    }
}

extension RemoteComparison {
    /// Rows of one namespace; those that its listing does not show are searched for, unless it shows all it holds.
    func verdicts(_ group: some Sequence<RemoteRow>, _ shown: Shown) async throws -> [(RemoteRow, RemoteVerdict)] {
        var judged: [(RemoteRow, RemoteVerdict)] = []
        var open: [RemoteRow] = []
        for row in group {
            if row.isInFlight {
                judged.append((row, .inFlight))
            } else if row.state == "conflict" {
                judged.append((row, .conflict))
            } else if let reason = row.reason, !ChangedInPlugin.reasons.contains(reason) {
                judged.append((row, .excepted))
            } else if let record = shown.records[row.id] {
                judged.append((row, verdict(row, record)))
            } else if shown.isWhole {
                judged.append((row, isListed(row) ? .excepted : row.isAsAgreed ? .changed("absent") : .missing))
            } else {
                open.append(row)
            }
        }
        if open.isEmpty { return judged }
        let found = try await records.find(open.map { Sought($0.id, content: $0.words, embedding: $0.embedding) }, in: shown.namespace)
        return judged + open.map { row in (row, found[row.id].map { verdict(row, $0) } ?? (row.reason == nil ? .unproven : .excepted)) }
    }

    private func isListed(_ row: RemoteRow) -> Bool { row.reason != nil && !includingListed }

    private func verdict(_ row: RemoteRow, _ record: FoundRecord) -> RemoteVerdict {
        // The digest rode along when we sent it; the text itself is compared where v1 may be read.
        let sameText = rows.base == .frozen || row.words.map { record.content.utf8.elementsEqual($0.utf8) } ?? false
        if record.digest == row.digest, sameText { return row.reason == nil ? .equal : .mended }
        if isListed(row) { return .excepted }
        if rows.base == .frozen { return .edited }
        if row.isAsAgreed, record.digest == nil || record.digest == row.digest { return .changed("content") }
        return .different(sameText ? "digest" : "content")
    }
}

extension RemoteSlice {
    mutating func count(_ row: RemoteRow, _ verdict: RemoteVerdict) {
        let key = RemoteRows.Key(namespace: row.namespace ?? "", id: row.id)
        switch verdict {
        case .inFlight, .missing, .different, .changed, .mended: return candidates.append(key)
        case .equal:
            counts.equal += 1
            counts.sum2 &+= row.fingerprint
        case .conflict: counts.conflicts += 1
        case .excepted: counts.excepted += 1
        case .edited: counts.edited += 1
        case .unproven: unproven.append(key)
        }
        counts.rowsV1 += 1
        counts.rowsV2 += verdict == .equal || verdict == .edited ? 1 : 0
        counts.sum1 &+= row.fingerprint
    }
}

extension RemoteParity.Report {
    mutating func add(_ slice: RemoteSlice, _ limit: Int) {
        let counts = slice.counts
        parity.rowsV1 += counts.rowsV1
        parity.rowsV2 += counts.rowsV2
        parity.equal += counts.equal
        parity.exceptedIDs += counts.excepted
        parity.conflicts += counts.conflicts
        parity.editedSince += counts.edited
        parity.addedSince += counts.added
        parity.unproven += slice.unproven.count
        parity.provenRows += counts.rowsV1 + slice.candidates.count
        parity.estimatedRows = max(parity.estimatedRows, parity.provenRows)
        parity.addSums(counts.sum1, counts.sum2)
        unprovenIDs += slice.unproven.prefix(max(0, limit - unprovenIDs.count)).map(\.id)
        theirs += counts.theirs
        namespaces += counts.namespaces
        shownWhole += counts.shownWhole
    }

    /// A row that was left to be judged alone; what differs is counted where it is told.
    mutating func count(_ row: RemoteRow, _ verdict: RemoteVerdict, _ limit: Int) {
        parity.rowsV1 += 1
        let isProven = verdict == .equal || verdict == .mended
        parity.addSums(row.fingerprint, isProven ? row.fingerprint : 0)
        switch verdict {
        case .equal, .mended: parity.equal += 1
        case .conflict: parity.conflicts += 1
        case .excepted: parity.exceptedIDs += 1
        case .edited: parity.editedSince += 1
        case .unproven: if unprovenIDs.count < limit { unprovenIDs.append(row.id) }
        case .inFlight, .missing, .different, .changed: break
        }
        let isThere: Bool =
            switch verdict {
            case .different, .edited: true
            case .changed(let field): field != "absent"
            default: isProven
            }
        parity.rowsV2 += isThere ? 1 : 0
    }
}
