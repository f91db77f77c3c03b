#if DEBUG
    @testable import Cutover
    import Foundation
    @testable import Host

    /// What a journal and a host's ledgers hold, as whoever hands them over may have changed it.
    extension Target {
        static let records: [Target] = [
            Target(name: "journal", words: json + ["\"from\":\"9223372036854775807\"", "\"skew\":\"-9223372036854775808 0\"", "\"kind\":\"clockRead\""], mend: chained) { bytes in
                guard let opened = try? JournalExport.read(text(bytes)) else { return }
                _ = JournalAudit(opened).flaws
                for (stream, records) in Dictionary(grouping: opened.records, by: \.stream) {
                    let genesis = JournalRecords.Head.genesis(of: stream, in: opened.journal)
                    _ = try? genesis.replay(records)
                    let events = records.compactMap { $0.event() }
                    for clock in ClockHistory(events).clocks { _ = (clock.coveredMilliseconds, clock.skew?.words, clock.stretches.map(\.words)) }
                    var standing = Standing(TenantID(stream.text), genesis: genesis.hash)
                    for event in events { standing.apply(event) }
                }
            },
            Target(name: "ledger", words: json) { bytes in
                let folder = Sandbox.folder("ledger")
                try? Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/evidence.jsonl"))
                _ = try? EvidenceLedger(statePath: folder).entries()
                _ = try? await EvidenceLedger(statePath: folder).append("fuzz", [:])
            },
            Target(name: "request", words: json + ["reading", "writing", "fuzz.read", "fuzz.write", "readings", "../", "\"fence\":-9223372036854775808", "\"seconds\":9223372036854775807"]) { bytes in
                let box = Sandbox.folder("request")
                let input = Array(text(bytes).replacingOccurrences(of: "BOX", with: box).utf8)
                // Whatever else a path says, nothing is done outside of the box.
                if let request = try? CanonicalJSON.value(HostRequest.self, from: text(input)), !request.statePath.hasPrefix(box) || request.statePath.contains("..") { return }
                for work in ["reading", "writing"] { _ = await HostProgram.serve(operationClass: work, input: input, operations: book) }
                Sandbox.clear()
            },
        ]

        private struct Read: ReadsOnHost {
            typealias Result = [String]
            static let kind: OperationKind = "fuzz.read"
            let text: String?
            func read(_ host: HostSight) async throws -> [String] { [text ?? "", host.statePath] }
        }

        private struct Write: ActsOnHost {
            typealias Result = [String]
            static let kind: OperationKind = "fuzz.write"
            static let once = Once.unrepeatable
            let text: String?
            func act(_ host: HostHand) async throws -> [String] { [text ?? ""] }
        }

        private static let book: HostOperationBook = {
            var book = HostOperationBook()
            book.add(Read.self)
            book.add(Write.self)
            return book
        }()

        /// Chained and hashed anew: an export that proves whole whatever it says.
        @Sendable private static func chained(_ bytes: [UInt8]) -> [UInt8] {
            struct Footer: Codable {
                let heads: [JournalRecords.Head]
                let events: Int
            }
            struct Header: Codable {
                let cutoverJournal: Int
                let journal: JournalID
            }
            var last: [StreamID: (revision: Int, hash: String)] = [:]
            var lines = [#"{"cutoverJournal":1,"journal":"00"}"#]
            for line in text(bytes).split(separator: "\n") {
                guard let record = try? CanonicalJSON.value(EventRecord.self, from: String(line)) else { continue }
                let before = last[record.stream] ?? (0, Event.genesis(of: record.stream, in: "00"))
                func with(_ hash: String) -> EventRecord {
                    EventRecord(
                        stream: record.stream, revision: before.revision + 1, at: record.at, by: record.by, fence: record.fence, kind: record.kind, step: record.step, facts: record.facts,
                        previous: before.hash, hash: hash)
                }
                let hash = with("").computedHash
                last[record.stream] = (before.revision + 1, hash)
                if let text = try? CanonicalJSON.text(with(hash)) { lines.append(text) }
            }
            let heads = last.sorted { $0.key < $1.key }.map { JournalRecords.Head(stream: $0.key, revision: $0.value.revision, hash: $0.value.hash) }
            lines.append((try? CanonicalJSON.text(Footer(heads: heads, events: lines.count - 1))) ?? "")
            return Array((lines.joined(separator: "\n") + "\n").utf8)
        }
    }
#endif
