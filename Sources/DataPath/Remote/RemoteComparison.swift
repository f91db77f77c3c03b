import Foundation
import Postgres

/// One comparison over HTTP under way.
struct RemoteComparison: Sendable {
    let rows: RemoteRows
    let records: PluginRecords
    let listLimit: Int
    let deadline: ContinuousClock.Instant
    let includingListed: Bool
    /// Reasons that the plan lets pass.
    let passing: Set<String>
    let mostPassing: Int

    private static let batch = 200
    /// Older notes are not gone on from: what agents do in the plugin leaves no trace with us.
    private static let notesLastSeconds = 3600

    func run(
        _ connection: PostgresConnection, _ notes: (any RemoteNotes)?, _ each: (RemoteFinding) async throws -> Void
    ) async throws -> RemoteParity.Report {
        var report = RemoteParity.Report()
        for row in try await connection.query("SELECT what, n FROM \(rows.layout.schema).unseen") { report.unread[try row.string("what")] = try row.int("n") }
        report.parity.addSums(0, 0)
        do {
            let slices = try await goThrough(connection, notes, &report)
            try await settle(slices, connection, &report, each)
        } catch is Comparison.TimeIsUp {
            report.parity.complete = false
        }
        report.parity.to = try await rows.moment(connection).at
        return report
    }

    // MARK: - All keys, once

    private func goThrough(
        _ connection: PostgresConnection, _ notes: (any RemoteNotes)?, _ report: inout RemoteParity.Report
    ) async throws -> [RemoteSlice] {
        var slices = try await earlier(connection, notes)
        report.parity.estimatedRows = try await rows.count(connection)
        for slice in slices { report.add(slice, listLimit) }
        report.parity.resumedRows = report.parity.provenRows
        let now = try await rows.moment(connection).at
        report.parity.from = slices.first?.at ?? now
        try await rows.open(connection, after: slices.last?.last)
        do {
            var current: Shown?
            while true {
                let keys = try await rows.next(Self.batch, connection)
                guard let last = keys.last else { break }
                try stopInTime()
                let moment = try await rows.moment(connection)
                var slice = RemoteSlice(last: last, snapshot: moment.snapshot, at: moment.at)
                try await judge(try await rows.read(keys.map(\.id), connection), &current, &slice, connection)
                try await notes?.addRemote(slice)
                report.add(slice, listLimit)
                slices.append(slice)
            }
        } catch {
            try? await rows.close(connection)
            throw error
        }
        try await rows.close(connection)
        return slices
    }

    private func earlier(_ connection: PostgresConnection, _ notes: (any RemoteNotes)?) async throws -> [RemoteSlice] {
        guard let notes else { return [] }
        let print = try await rows.print(connection, plugin: records.base)
        if let slices = try await notes.readRemote(print: print), let oldest = slices.first {
            let isYoung = try await connection.query(
                "SELECT now() - $1::timestamptz < make_interval(secs => $2) AS young", [.text(oldest.at), .int(Self.notesLastSeconds)])[0].bool("young")
            // Beyond that, asking anew is cheaper.
            let most = max(10_000, slices.reduce(0) { $0 + $1.counts.rowsV1 } / 10)
            if isYoung, try await rows.touched(since: oldest.snapshot, connection).count <= most { return slices }
        }
        try await notes.beginRemote(print: print)
        return []
    }

    /// Rows in the order of their namespaces; the listing of the last one is kept for those that follow.
    private func judge(_ some: [RemoteRow], _ current: inout Shown?, _ slice: inout RemoteSlice, _ connection: PostgresConnection) async throws {
        for group in some.chunked(by: \.namespace) {
            guard let name = group.first?.namespace else {
                for row in group { slice.count(row, row.isInFlight ? .inFlight : row.reason == nil ? .missing : .excepted) }
                continue
            }
            let shown: Shown
            if let current, current.namespace == name { shown = current } else {
                shown = try await Shown(name, records)
                current = shown
                slice.counts.namespaces += 1
                slice.counts.shownWhole += shown.isWhole ? 1 : 0
                if shown.isWhole { try await judgeOthers(shown, &slice, connection) }
            }
            for (row, verdict) in try await verdicts(group, shown) { slice.count(row, verdict) }
        }
    }

    /// Records that v1 does not have: ours are resurrected ones, others somebody's own.
    private func judgeOthers(_ shown: Shown, _ slice: inout RemoteSlice, _ connection: PostgresConnection) async throws {
        let some = shown.records.values.filter { !$0.content.hasPrefix("cutover-probe") }
        let known = try await rows.known(some.map(\.id), connection)
        for record in some where !known.there.contains(record.id) {
            if record.digest == nil || rows.base == .frozen {
                slice.counts.theirs += 1
                slice.counts.added += rows.base == .frozen ? 1 : 0
            } else {
                slice.candidates.append(.init(namespace: shown.namespace, id: record.id))
            }
        }
    }

    // MARK: - What is left, until it has settled

    private func settle(
        _ slices: [RemoteSlice], _ connection: PostgresConnection, _ report: inout RemoteParity.Report, _ each: (RemoteFinding) async throws -> Void
    ) async throws {
        for key in slices.lazy.flatMap(\.unproven) { try await each(.init(kind: .differs, line: ParityLine(id: key.id, what: .unproven, fields: []), namespace: key.namespace)) }
        let candidates = Dictionary(slices.lazy.flatMap(\.candidates).map { ($0.id, $0.namespace) }) { first, _ in first }
        var ledger = Passing(most: mostPassing)
        var pending = candidates.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
        if let oldest = slices.first?.snapshot {
            let touched = Set(try await rows.touched(since: oldest, connection)).subtracting(candidates.keys)
            report.parity.rechecked = touched.count
            pending += touched.sorted()
        }
        while true {
            var inFlight: [UUID] = []
            for ids in pending.chunks(of: Self.batch) {
                try stopInTime()
                for found in try await findings(of: Array(ids), candidates, &report, connection) {
                    if found.line.what == .inFlight { inFlight.append(found.line.id) } else { try await tell(found, &ledger, &report, each) }
                }
            }
            pending = inFlight
            report.parity.markers = try await rows.moment(connection).markers
            if pending.isEmpty, report.parity.markers == 0 { break }
            guard ContinuousClock.now + .milliseconds(200) < deadline else { break }
            try await Task.sleep(for: .milliseconds(200))
        }
        for id in pending { try await tell(.init(kind: .differs, line: ParityLine(id: id, what: .inFlight, fields: []), namespace: nil), &ledger, &report, each) }
        for found in ledger.waiting {
            if found.line.fields == ["absent"] { report.parity.forgottenSince += 1 } else { report.parity.editedSince += 1 }
            try await each(.init(kind: .passes, line: found.line, namespace: found.namespace))
        }
        report.parity.complete = pending.isEmpty && report.parity.markers == 0
    }

    /// What is to be said of these ids now. One that is under way is counted when it is there.
    func findings(
        of ids: [UUID], _ candidates: [UUID: String], _ report: inout RemoteParity.Report, _ connection: PostgresConnection
    ) async throws -> [RemoteFinding] {
        let now = try await rows.read(ids, connection)
        var found: [RemoteFinding] = []
        for group in now.chunked(by: \.namespace) {
            let judged: [(RemoteRow, RemoteVerdict)]
            if let name = group.first?.namespace { judged = try await verdicts(group, try await Shown(name, records)) } else {
                judged = group.map { ($0, $0.isInFlight ? .inFlight : $0.reason == nil ? .missing : .excepted) }
            }
            for (row, verdict) in judged {
                if verdict != .inFlight, candidates[row.id] != nil { report.count(row, verdict, listLimit) }
                // One that was counted before, as proven or not, is only told when it is known to differ.
                if let one = verdict.finding(row), candidates[row.id] != nil || verdict != .unproven { found.append(one) }
            }
        }
        let there = Set(now.map(\.id))
        for (name, group) in Dictionary(grouping: ids.filter { !there.contains($0) && candidates[$0] != nil }, by: { candidates[$0] ?? "" }) where !name.isEmpty {
            let shown = try await Shown(name, records)
            let known = try await rows.known(group, connection)
            for id in group where shown.records[id]?.digest != nil && !known.there.contains(id) {
                found.append(.init(kind: .differs, line: ParityLine(id: id, what: known.underWay.contains(id) ? .inFlight : .resurrected, fields: []), namespace: name))
            }
        }
        return found
    }

    /// What the plan lets pass waits until it is known that it is not too much of it.
    private func tell(
        _ found: RemoteFinding, _ ledger: inout Passing, _ report: inout RemoteParity.Report, _ each: (RemoteFinding) async throws -> Void
    ) async throws {
        guard found.kind == .differs else { return try await each(found) }
        var lines = [found]
        if found.line.what == .changed, passing.contains(found.line.fields == ["absent"] ? ChangedInPlugin.absent : ChangedInPlugin.edited) {
            lines = ledger.take(found)
        }
        for one in lines {
            report.parity.take(one.line, limit: listLimit)
            try await each(one)
        }
    }

    private struct Passing {
        let most: Int
        var waiting: [RemoteFinding] = []
        var isOver = false

        init(most: Int) { self.most = most }

        /// What has to be told as a difference now.
        mutating func take(_ found: RemoteFinding) -> [RemoteFinding] {
            if isOver { return [found] }
            waiting.append(found)
            guard waiting.count > most else { return [] }
            isOver = true
            defer { waiting = [] }
            return waiting
        }
    }

    private func stopInTime() throws {
        if ContinuousClock.now >= deadline { throw Comparison.TimeIsUp() }
    }
}

extension RandomAccessCollection where Index == Int {
    /// Runs of neighbours that have this in common.
    func chunked<Value: Equatable>(by value: (Element) -> Value) -> [SubSequence] {
        var runs: [SubSequence] = []
        var begin = startIndex
        for index in indices where index > begin && value(self[index]) != value(self[begin]) {
            runs.append(self[begin..<index])
            begin = index
        }
        if begin < endIndex { runs.append(self[begin..<endIndex]) }
        return runs
    }
}
