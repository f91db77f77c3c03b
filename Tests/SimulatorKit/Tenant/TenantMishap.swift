/// What befalls a tenant's own world.
public struct TenantMishap: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        case databaseRestart
        /// The last seconds' transactions are gone.
        case databaseFailover
        /// The next statement of ours is the victim.
        case deadlock, lockTimeout
        /// For so many minutes.
        case pluginStalled, pluginLies, plugin5xx, pluginSlow
        case pluginUp
        /// Until the watch starts it again.
        case pluginDies
        case serverRestartedWithOldSettings
        /// To what it was so many hours ago.
        case rebuiltFromBackup
        case moved, deleted
        /// Somebody switches the capture's triggers off.
        case captureDisabled
        /// Somebody reads the old table.
        case oldTableRead
    }
    public let kind: Kind
    /// Seconds, minutes or hours, as the kind says.
    public let amount: Int
    public init(_ kind: Kind, _ amount: Int = 0) {
        self.kind = kind
        self.amount = amount
    }
}
