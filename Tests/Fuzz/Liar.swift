#if DEBUG
    @testable import Cutover
    import CutoverTestKit
    import Foundation
    @testable import Phases
    import PlanFiles

    /// A tenant's host that answers anything, before the real engine with the real steps. The input is what it chooses by.
    extension Target {
        static let liar = Target(name: "liar", words: ["\u{0}", "\u{1}", "\u{7F}", "\u{10FFFF}"], readsText: false) { bytes in
            let journal = MemoryJournal()
            await Liar.drive(bytes, journal)
            guard let opened = try? await journal.records() else { preconditionFailure("the journal can't be read") }
            if let flaw = Liar.flaw(of: opened) { preconditionFailure(flaw) }
        }
    }

    actor Liar: Transport {
        private var choices: Choices

        init(_ bytes: [UInt8]) { choices = Choices(bytes) }

        static let plan: Plan? = {
            let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Plans/lab.yaml").path
            let (plan, problems) = PlanFile.read(path: path, catalog: MemoryCatalog.catalog)
            if plan == nil { FileHandle.standardError.write(Data("\(problems)\n".utf8)) }
            return plan
        }()

        static func tenant(_ id: TenantID) -> TenantHost {
            TenantHost(id: id, host: "h", transport: "local", labels: ["env": "lab-canary"], env: "/nowhere/env", state: "/nowhere/\(id)")
        }

        /// An operator's day with a host that lies by these choices: forward, looking, back, and whatever a person would try.
        static func drive(_ bytes: [UInt8], _ journal: any Journal) async {
            guard let plan else { preconditionFailure("the lab's plan is none") }
            let time = ManualTime(hurriesUpTo: 5000)
            let host = Liar(bytes)
            let fleet = Fleet(tenants: [tenant("acme"), tenant("zeta")], others: [tenant("control-plane")])
            func engine(_ person: OperatorID) -> Engine {
                Engine(plan: plan, fleet: fleet, catalog: MemoryCatalog.catalog, journal: journal, time: time, me: person, holder: LeaseHolder(name: "liar", seconds: 60)) { _ in host }
            }
            for round in 0..<25 {
                do {
                    switch try await engine("ann").advance("acme") {
                    case .consentNeeded(let ref): for lead: OperatorID in ["lead-1", "lead-2"] { try await engine(lead).approve("acme", topic: ref.place, reason: "seen") }
                    case .waiting: time.advance(seconds: 4)
                    case .failed: try await engine("ann").reopen("acme", reason: "again")
                    case .stopped: _ = try await engine("ann").takeIn("acme", reason: "again")
                    default: break
                    }
                    if round % 8 == 3 {
                        _ = try await engine("ann").preview("acme")
                        _ = try await engine("ann").why("acme")
                        _ = try await engine("ann").check("acme")
                    }
                    if round == 20 { try await engine("ann").requestRevert("acme", to: nil, reason: "back") }
                } catch EngineError.journal(.damaged(let stream, let revision, let detail)) {
                    preconditionFailure("a host has damaged \(stream) \(revision): \(detail)")
                } catch {}
            }
        }

        /// Nothing but the one tenant and the fleet is written about, the chain holds, and no event is larger than it may be; or what is wrong.
        static func flaw(of opened: JournalRecords) -> String? {
            let flaws = JournalAudit(opened).flaws
            if !flaws.isEmpty { return "the chain does not hold: \(flaws)" }
            let strangers = Set(opened.records.map(\.stream)).subtracting(["acme", "@fleet"])
            if !strangers.isEmpty { return "the journal has \(strangers)" }
            for record in opened.records where record.kind != "planKept" {
                for fact in record.facts.values where fact.utf8.count > Event.Change.mostOfFact + 200 { return "\(record.kind) holds \(fact.utf8.count) bytes" }
            }
            return nil
        }

        func run(_ action: RemoteAction, on host: TenantHost) async throws(TransportError) -> ActionResult {
            guard let request = try? CanonicalJSON.value(HostRequest.self, from: String(decoding: action.input, as: UTF8.self)) else { preconditionFailure("no request") }
            switch choices.below(24) {
            case 0: throw TransportError(host: host.host, outcome: .neverSent, detail: choices.text())
            case 1: throw TransportError(host: host.host, outcome: .sentOutcomeUnknown, detail: choices.text())
            case 2: return ActionResult(exitCode: choices.below(256), output: choices.text(), errors: choices.text())
            case 3: return told(HostAnswer(id: OperationID(choices.text()), status: .done, result: "{}"))
            case 4: return told(HostAnswer(id: request.id, status: choices.status(), result: choices.text(), failure: failure()))
            default: return told(answer(request.kind, request))
            }
        }

        func probeHand(on host: TenantHost) async throws(TransportError) -> HandReport {
            switch choices.below(8) {
            case 0: throw TransportError(host: host.host, outcome: .neverSent, detail: choices.text())
            case 1: .absent
            default: .present(digest: choices.text(), isThisBuild: true)
            }
        }

        func placeHand(on host: TenantHost) async throws(TransportError) -> HandReport { try await probeHand(on: host) }
        func removeHand(from host: TenantHost) async throws(TransportError) { _ = try await probeHand(on: host) }

        private func answer(_ kind: OperationKind, _ request: HostRequest) -> HostAnswer {
            if kind == Readings.kind, let readings = try? CanonicalJSON.value(Readings.self, from: request.payload) {
                let answers = readings.asked.map { answer($0.kind, request) }
                let some = choices.below(10) == 0 ? Array(answers.dropLast()) : answers
                return HostAnswer(id: request.id, status: .done, result: try? CanonicalJSON.text(some))
            }
            if choices.below(20) == 0 { return HostAnswer(id: request.id, status: .failed, failure: failure()) }
            guard let type = Liar.operations[kind], let result = fabricated(type) else { return HostAnswer(id: request.id, status: .done, result: "{}") }
            return HostAnswer(id: request.id, status: .done, result: result)
        }

        /// A value of the very type that is asked for: tried a few times, for chance may miss an enumeration's words.
        private func fabricated<Operation: HostOperation>(_ type: Operation.Type) -> String? {
            for _ in 0..<8 {
                let fabric = Fabric(choices)
                let made = try? Operation.Result(from: FabricDecoder(fabric: fabric))
                choices = fabric.choices
                if let made, let text = try? CanonicalJSON.text(made) { return text }
            }
            return nil
        }

        private func failure() -> StepFailure {
            StepFailure(choices.text(), effect: [.nothingChanged, .partlyChanged, .unknown, .goesOn][choices.below(4)], next: choices.text())
        }

        private func told(_ answer: HostAnswer) -> ActionResult {
            ActionResult(exitCode: 0, output: (try? answer.line()) ?? "", errors: choices.below(9) == 0 ? choices.text() : "")
        }

        static let operations: [OperationKind: any HostOperation.Type] = Dictionary(uniqueKeysWithValues: types.map { ($0.kind, $0) })

        private static let types: [any HostOperation.Type] = [
            LeaveBehind.self, ReadHostLedger.self, BindHost.self, TakeHostOver.self, SamplingUnderWay.self,
            ReadVeto.self, HostChecks.self, StartWatch.self, LeaveHost.self, SidecarSurroundings.self, TenantKeys.self, KnownKeys.self, RunSidecar.self,
            SidecarTrial.self, SidecarState.self, RemoveSidecar.self, ResourceState.self, NoteResource.self, ListInstances.self, PutCapture.self,
            TakeCaptureAway.self, CaptureState.self, CaptureTrial.self, PutRules.self, ReadRules.self, BeginCopy.self, CopyState.self, PluginSchemaState.self,
            TakeCopyAway.self, WatchProgress.self, WatchFindings.self, ChangeThrottle.self, HoldCopy.self, CaptureAnew.self, OutageEstimate.self,
            SwitchWiring.self, WiringTrial.self, WireState.self, StoreLag.self, BeginSampling.self, SamplesSince.self, ListExceptions.self, ListConflicts.self,
            SettleConflict.self, SettleTwin.self, SettleChanged.self, PurgeKept.self, AccessChange.self, AccessPairs.self, CompareStores.self, ListChanged.self,
            DiffStores.self, DiffPage.self, ReadChanges.self, RepairStores.self, PendingMigrations.self, SwitchServer.self, StrictTrial.self, ServerVersion.self,
            PutFreeze.self, TakeFreezeAway.self, FreezeTrial.self, LegacyState.self, ArchivePlaceState.self, LegacyHangers.self, ShelfState.self, TakeSlice.self,
            PieceState.self, PutSlice.self, ShelveObject.self, ClearShelf.self, TouchState.self, ArchiveState.self, DeleteArchive.self, HoldTable.self,
            DropTable.self, DoorsAnswer.self, AskDoors.self, KeyValueDoor.self,
        ]
    }
#endif
