public import Cutover

/// A fleet as the text of a fleet file, in an order that does not depend on chance.
public enum FleetText {
    public static func text(_ fleet: Fleet) -> String {
        "tenants:\n" + fleet.tenants.map(line).joined() + (fleet.others.isEmpty ? "" : "hosts:\n" + fleet.others.map(line).joined())
    }

    private static func line(_ host: TenantHost) -> String {
        var parts = ["id: \(host.id)", "host: \(quoted(host.host))", "transport: \(host.transport)"]
        if let region = host.region { parts.append("region: \(quoted(region))") }
        if !host.labels.isEmpty {
            parts.append("labels: { \(host.labels.sorted { $0.key < $1.key }.map { "\(quoted($0.key)): \(quoted($0.value))" }.joined(separator: ", ")) }")
        }
        parts += ["env: \(quoted(host.env))", "state: \(quoted(host.state))"]
        return "  - { \(parts.joined(separator: ", ")) }\n"
    }

    /// A plain word stays bare; what YAML might take for something else is put in quotes.
    private static func quoted(_ text: String) -> String {
        let isPlain = text.wholeMatch(of: #/[A-Za-z\/][A-Za-z0-9_.\/\-]*/#) != nil && !["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(text.lowercased())
        return isPlain ? text : "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
}
