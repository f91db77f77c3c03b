/// Looks for the shortest story that still fails in the same way: fewer mishaps, then fewer tenants and days, then mishaps again.
public struct Shrinker {
    private let fails: (Setting) -> Bool
    private let told: (String) -> Void
    /// How many more times the world may be run.
    private var tries: Int

    /// - Parameter fails: whether the failure is there.
    public init(tries: Int = 400, told: @escaping (String) -> Void = { _ in }, fails: @escaping (Setting) -> Bool) {
        self.tries = tries
        self.told = told
        self.fails = fails
    }

    public static func shrink(_ setting: Setting, tries: Int = 400, told: @escaping (String) -> Void = { _ in }, fails: @escaping (Setting) -> Bool) -> Setting {
        var shrinker = Shrinker(tries: tries, told: told, fails: fails)
        return shrinker.shortest(setting)
    }

    private mutating func shortest(_ setting: Setting) -> Setting {
        var best = setting
        while tries > 0 {
            let before = best
            best = fewerMishaps(best)
            best = fewerTenants(best)
            best = fewerOperators(best)
            best = fewerDays(best)
            if (best.story, best.tenants, best.operators, best.days) == (before.story, before.tenants, before.operators, before.days) { break }
        }
        return best
    }

    private mutating func stillFails(_ setting: Setting) -> Bool {
        guard tries > 0 else { return false }
        tries -= 1
        guard fails(setting) else { return false }
        told("\(setting.story.mishaps.count) mishaps, \(setting.tenants) tenants, \(setting.operators) operators, \(setting.days) days")
        return true
    }

    /// Leaves out ever smaller runs of mishaps (Zeller, "Yesterday, my program worked. Today, it does not. Why?", 1999).
    private mutating func fewerMishaps(_ setting: Setting) -> Setting {
        var best = setting
        var none = best
        none.story = Story([])
        if !best.story.mishaps.isEmpty, stillFails(none) { return none }
        var size = (best.story.mishaps.count + 1) / 2
        while size > 0, tries > 0 {
            var from = 0
            while from < best.story.mishaps.count, tries > 0 {
                var fewer = best
                fewer.story.mishaps.removeSubrange(from..<min(from + size, best.story.mishaps.count))
                if stillFails(fewer) { best = fewer } else { from += size }
            }
            size = size == 1 ? 0 : (size + 1) / 2
        }
        return best
    }

    /// The tenants behind the last one that anything befalls go first: those before it keep their numbers.
    private mutating func fewerTenants(_ setting: Setting) -> Setting {
        var best = setting
        for count in [1, 2, 3, 5, best.tenants / 2, best.tenants - 1] where count >= 1 && count < best.tenants {
            var fewer = best
            fewer.tenants = count
            if stillFails(fewer) {
                best = fewer
                break
            }
        }
        return best
    }

    private mutating func fewerOperators(_ setting: Setting) -> Setting {
        guard setting.operators > 1 else { return setting }
        var fewer = setting
        fewer.operators -= 1
        return stillFails(fewer) ? fewer : setting
    }

    private mutating func fewerDays(_ setting: Setting) -> Setting {
        var best = setting
        for days in [1, 2, 4, 8, 16, 32, best.days - 1] where days >= 1 && days < best.days {
            var fewer = best
            fewer.days = days
            if stillFails(fewer) {
                best = fewer
                break
            }
        }
        return best
    }
}
