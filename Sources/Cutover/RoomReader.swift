/// How much of the room that the allowances give is taken: by the tenants' lines, each of which is stored with the events that it comes from, and
/// by those of this process who are about to record that they take some. Reads only the lines of those who moved, for it is asked at every place.
actor RoomReader {
    private var mark: JournalMark?
    /// Of whatever fleet: who asks counts those of his own.
    private var inMotion: Set<TenantID> = []
    private var exposed: Set<TenantID> = []
    /// Given to tenants whose record of it is under way.
    private var given: [TenantID: Needs] = [:]
    private let turn = Turn()

    /// Nil where there was room for the tenant: it is kept for him until he gives it back, having recorded that he takes it, or not.
    /// Asked while no other process gives places.
    /// - Parameter fleet: a line of a tenant that it does not list takes nobody's place.
    func take(_ needs: Needs, for tenant: TenantID, in journal: any Journal, _ fleet: Fleet, _ rollout: Rollout) async throws(JournalError) -> Rollout.Admission? {
        await turn.take()
        // Who gives his back while the lines are read may have recorded it behind what is read: he counts as well.
        let before = given
        do throws(JournalError) { try await read(journal) } catch {
            await turn.leave()
            throw error
        }
        let spent = spent(beside: tenant, before.merging(given) { one, other in one.union(other) }, fleet)
        var refused: Rollout.Admission?
        if needs.contains(.exposure), spent.exposed >= rollout.exposed { refused = .exposed(allowed: rollout.exposed) }
        if needs.contains(.place), spent.inMotion >= rollout.atOnce { refused = .full(atOnce: rollout.atOnce) }
        if refused == nil { given[tenant] = needs }
        await turn.leave()
        return refused
    }

    func giveBack(_ tenant: TenantID) { given[tenant] = nil }

    // MARK: - Non public

    private func spent(beside tenant: TenantID, _ given: [TenantID: Needs], _ fleet: Fleet) -> (inMotion: Int, exposed: Int) {
        let others = given.filter { $0.key != tenant }
        return (
            inMotion.count { fleet.host(of: $0) != nil } + others.count { $0.value.contains(.place) && !inMotion.contains($0.key) },
            exposed.count { fleet.host(of: $0) != nil } + others.count { $0.value.contains(.exposure) && !exposed.contains($0.key) }
        )
    }

    private func read(_ journal: any Journal) async throws(JournalError) {
        let news = try await journal.news(since: mark)
        // Who is no longer in a journal that was put back takes nothing.
        if news.isAll { (inMotion, exposed) = ([], []) }
        if !news.streams.isEmpty {
            for line in try await journal.lines(of: news.isAll ? nil : Set(news.streams.map { TenantID($0.text) })).map(\.status) {
                if line.isInMotion { inMotion.insert(line.tenant) } else { inMotion.remove(line.tenant) }
                if line.exposed == true { exposed.insert(line.tenant) } else { exposed.remove(line.tenant) }
            }
        }
        mark = news.mark
    }
}
