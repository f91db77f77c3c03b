/// Which of many reports go into the journal: at each tenth of the way, when another bound holds, and every five minutes.
struct ProgressNews: Sendable {
    private var tenth = 0
    private var bound: String?
    private var notedAt: Int?

    mutating func isWorthNoting(done: Int, of: Int, bound nowBound: String?, elapsedSeconds: Int) -> Bool {
        let nowTenth = of == 0 ? 0 : done * 10 / of
        let since = notedAt.map { elapsedSeconds - $0 }
        // A bound that comes and goes within the minute is told once.
        let isNews = nowTenth > tenth || (nowBound != bound && since.map { $0 >= 60 } ?? true) || since.map { $0 >= 300 } ?? false
        guard isNews, done > 0 || nowBound != nil else { return false }
        tenth = max(tenth, nowTenth)
        bound = nowBound
        notedAt = elapsedSeconds
        return true
    }
}
