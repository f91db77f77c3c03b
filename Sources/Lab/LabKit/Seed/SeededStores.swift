/// Both stores without a lab around them, for programs that measure: v1 full of the lab's mix, v2 empty.
public enum SeededStores {
    /// Fills the empty database at `url`: the same rows for the same numbers. Blocks.
    public static func fill(url: String, rows: Int, tenant: String = "bench", seed: UInt64 = 1) throws {
        let connection = PostgresConnection(url: url)
        try SeedLoader(connection: connection).load(TenantSeed.make(tenant: tenant, rows: rows, seed: seed))
        try connection.run(PluginSchema.script)
    }
}
