import Cutover

/// What has changed for a tenant since it was previewed.
struct ChangedView {
    let tenant: TenantID
    let changes: [String]

    func human(_ paint: Paint) -> String {
        "\(tenant): \(paint.yellow("changed")) since the preview\n" + changes.map { "  \(PlainText.line($0))" }.joined(separator: "\n")
    }

    func jsonLine() throws -> String { try JSONText.line(Line(tenant: tenant, changes: changes)) }

    private struct Line: Encodable {
        let formatVersion = 1
        let tenant: TenantID
        let outcome = "changed"
        let changes: [String]
    }
}
