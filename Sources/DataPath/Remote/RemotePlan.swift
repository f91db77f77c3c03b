import Foundation
import Postgres

/// One id as v1's snapshot shows it, and what is to be done with it.
struct RemotePlan: Sendable {
    let id: UUID
    /// Nil when nothing is to be sent.
    let errand: Errand?
    let reason: String?
    /// The kind of credential its text looks like, where the plan wants such rows listed though they are carried.
    let credential: String?
    let isProbe: Bool
    let seqs: [Int]
    /// What `placed` says when nothing is to be sent.
    let placed: (state: String, digest: String?, namespace: String?)

    /// - Parameter place: where it lies or should; given, it is carried over as v1 has it, whatever the store shows.
    init(_ row: PostgresRow, forcedIn place: String? = nil) throws {
        let id = try row.uuid("id")
        let a = try row.optionalString("a")
        let state = try row.optionalString("state")
        let agreed = try row.optionalString("agreed")
        let agreedNamespace = try row.optionalString("agreed_namespace")
        let died = try row.bool("died")
        let credential = try row.optionalString("credential")
        let seqs = (try row.optionalString("seqs") ?? "").split(separator: " ").compactMap { Int($0) }
        let sent = (try row.optionalString("sent") ?? "").split(separator: " ").map(String.init)
        let isThere = state == "live" || state == "conflict"
        // What lies there as it is, a stricter rule does not take away.
        let reason = place == nil && state == "live" && a != nil && a == agreed ? nil : try row.optionalString("reason")
        var places = sent + [agreedNamespace].compactMap { $0 }.filter { isThere && !sent.contains($0) }
        if let place, !places.contains(place) { places.append(place) }
        var task: Errand.Task?
        if a == nil || (reason != nil && died) {
            if !places.isEmpty { task = .forget(namespaces: places) }
        } else if let a, reason == nil, let namespace = try row.optionalString("target"), state != "live" || a != agreed || !sent.isEmpty || place != nil {
            task = .put(
                SentRecord(
                    id: id, namespace: namespace, content: try row.optionalString("content") ?? "", digest: a, propagation: try row.string("propagation"),
                    embedding: try row.optionalString("embedding")))
        }
        let common = (isThere ? agreedNamespace : place).map { (digest: agreed ?? "", namespace: $0) }
        errand = task.map {
            Errand(
                id: id, task: $0, agreed: common, died: died, isParked: state == "conflict", seqs: seqs, reason: reason, isForced: place != nil, credential: credential)
        }
        isProbe = try row.bool("probe")
        if reason != nil {
            placed = (state ?? "gone", agreed, agreedNamespace)
        } else if a != nil {
            placed = ("live", a, agreedNamespace)
        } else {
            placed = ("gone", nil, nil)
        }
        (self.id, self.reason, self.seqs, self.credential) = (id, reason, seqs, credential)
    }
}
