/// How often a tenant is asked while nothing is known to come.
struct AskingPace {
    let pollMilliseconds: Int64

    /// When to ask again. What nobody knows the moment of is asked less often the longer it has been so: at first as often as the loop polls, later after
    /// another eighth of the time it has been so, not the same moment for all.
    /// - Parameter since: since when the answers are of one sort.
    func again(_ tenant: TenantID, _ answer: FleetRun.Answer, since: Timestamp, _ moment: Timestamp) -> Timestamp? {
        let most: Int64
        switch answer.outcome {
        case .advanced: return moment
        case .waiting: if let again = answer.again { return max(again, moment) } else { most = 300_000 }
        case .gatedByTime, .unknown: most = 300_000
        case .gatedByPerson: most = 600_000
        case .leased: most = 15_000
        // Another loop was faster, and has said so by now; else its wave or the budget says when.
        case .notAdmitted(.admitted), .held, .failed, .finished, .reached, .settled, .notAdmitted: return nil
        }
        let (poll, passed) = (pollMilliseconds, moment.milliseconds - since.milliseconds)
        var delay = max(poll, min(max(most, poll), passed / 8))
        if delay > poll { delay = max(poll, delay * 3 / 4 + Int64(Spread.of("\(tenant) \(moment)", below: UInt64(delay / 2)))) }
        let backOff = Timestamp(milliseconds: moment.milliseconds + delay)
        return answer.again.map { max(moment, min($0, backOff)) } ?? backOff
    }
}
