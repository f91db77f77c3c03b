import Cutover
import DataPath

/// The copy's limits as a plan spells them.
public enum ThrottleSettings {
    static let rules: [StepCatalog.SettingRule] = [
        .init("connections", .int), .init("replicationLag", .shortDuration), .init("doorP95", .shortDuration), .init("nice", .ratio), .init("pauseFile", .text),
    ]

    static func limits(_ settings: Settings) -> ThrottleLimits {
        ThrottleLimits(
            connections: settings.int("connections"), replicationLagMilliseconds: settings.milliseconds("replicationLag"),
            doorP95Milliseconds: settings.milliseconds("doorP95"), nice: settings.text("nice").flatMap(Double.init), pauseFile: settings.text("pauseFile"))
    }
}
