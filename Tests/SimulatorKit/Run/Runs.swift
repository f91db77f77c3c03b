/// The simulator as a program uses it, once `OneThread` has taken over.
public enum Runs {
    public static func run(_ setting: Setting) -> Outcome { World.run(setting) }

    /// The shortest setting that breaks one of the promises that this one breaks.
    public static func shortest(_ setting: Setting, breaking violations: [String], tries: Int, told: @escaping (String) -> Void) -> Setting {
        let promises = Set(violations.map(promise))
        return Shrinker.shrink(setting, tries: tries, told: told) { !promises.isDisjoint(with: run($0).violations.map(promise)) }
    }

    /// What stands before the colon: the same promise can be broken at another place.
    private static func promise(_ violation: String) -> String { String(violation.prefix { $0 != ":" }) }
}
