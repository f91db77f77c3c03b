/// What a look decides about one id: the merge of `LookPlan.swift` and `LookSQL.swift`, spelled once more over small numbers.
///
/// A digest is any number but 0; 0 is an absent row. `DataPathTests` holds this against the statements on a server, case by case.
struct Judging: Equatable {
    enum Action: UInt8 { case same, ins1, ins2, upd1, upd2, del1, del2, conflict, exception }
    enum Agreed: UInt8 { case never, live, gone, conflict }

    var a: UInt16
    var b: UInt16
    var agreed: Agreed
    var digest: UInt16
    var died1: Bool
    var died2: Bool
    /// v2 can hold the row of v1, as far as the plan can tell; and v1 the row of v2.
    var fits2 = true
    var fits1 = true

    struct Verdict: Equatable {
        var action: Action
        /// The row that is overwritten or deleted goes into the conflicts, closed.
        var keeps = false
        var listed = false
        /// The row that can't be carried began a new life: the old one is forgotten all the same.
        var endsOldLife = false
    }

    var verdict: Verdict {
        let merged = merge
        let ended = merged == .upd2 ? dA : merged == .upd1 ? dB : false
        var verdict = Verdict(action: merged, endsOldLife: ended)
        switch merged {
        case .upd2, .del2: verdict.keeps = dA && b != 0 && (agreed == .conflict || b != digest)
        case .upd1, .del1: verdict.keeps = dB && a != 0 && (agreed == .conflict || a != digest)
        default: break
        }
        let refused = ([.ins2, .upd2].contains(merged) && !fits2) || ([.ins1, .upd1].contains(merged) && !fits1)
        if refused { verdict.except() }
        return verdict
    }

    private var shared: Bool { agreed == .live || agreed == .conflict }
    private var dA: Bool { shared && (a == 0 || died1) }
    private var dB: Bool { shared && (b == 0 || died2) }

    private var merge: Action {
        if a == b { return .same }
        if !shared || (dA && dB) { return a == 0 ? .ins1 : b == 0 ? .ins2 : .conflict }
        if dA { return a == 0 ? .del2 : .upd2 }
        if dB { return b == 0 ? .del1 : .upd1 }
        if agreed == .conflict { return .conflict }
        if b == digest { return .upd2 }
        if a == digest { return .upd1 }
        return .conflict
    }
}

extension Judging.Verdict {
    /// The row can't be carried; what it replaced goes all the same where its life had ended.
    mutating func except() {
        listed = true
        action = !endsOldLife ? .exception : action == .upd2 ? .del2 : .del1
        if action == .exception { keeps = false }
    }
}
