/// The names of a lab's tenants: three companies, then numbers.
enum TenantNames {
    private static let first = ["acme", "globex", "initech"]

    static func name(_ index: Int) -> String { index < first.count ? first[index] : "tenant-\(index + 1)" }
}
