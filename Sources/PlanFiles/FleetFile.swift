public import Cutover
import Yams

/// The fleet file: the tenants, where each lives, and how it is reached.
public enum FleetFile {
    /// The fleet, unless anything is wrong with the file; then every problem, in the order of the file.
    public static func read(text: String, path: String, withoutTenants: Bool = false) -> (Fleet?, [Problem]) {
        if let fleet = FleetLines.fleet(text) { return (fleet, []) }
        let findings = Findings(file: path)
        let fleet = Document(text: text, begin: "tenants:", most: Document.most.fleet, findings: findings).root.flatMap { FleetReader(findings: findings).fleet($0, withoutTenants) }
        return findings.isEmpty ? (fleet, []) : (nil, findings.problems)
    }

    /// - Parameter withoutTenants: a file that lists none yet is no error: an inventory is taken to fill it.
    public static func read(path: String, withoutTenants: Bool = false) -> (Fleet?, [Problem]) {
        switch FileText.read(path, what: "fleet", option: "--fleet") {
        case .success(let text): read(text: text, path: path, withoutTenants: withoutTenants)
        case .failure(let problem): (nil, [problem])
        }
    }
}

struct FleetReader {
    static let transports = ["local", "ssh", "ssm"]
    static let mostHosts = 100_000
    let findings: Findings

    func fleet(_ root: Node, _ withoutTenants: Bool) -> Fleet? {
        guard let section = Section(root, "the fleet", known: ["tenants", "hosts"], findings),
            let nodes = section.list("tenants", required: !withoutTenants, most: Self.mostHosts) ?? (withoutTenants ? [] : nil)
        else { return nil }
        if nodes.isEmpty, !withoutTenants { findings.note(root, "the fleet has no tenants", fix: "list at least one under `tenants:`") }
        var first: [TenantID: Node] = [:]
        var tenants: [TenantHost] = []
        for node in nodes {
            guard let tenant = tenant(node) else { continue }
            if let earlier = first[tenant.id] {
                findings.note(node, "there are two tenants \(tenant.id), the first on line \(earlier.mark?.line ?? 0)", fix: "give each tenant an id of its own")
            } else {
                first[tenant.id] = node
            }
            tenants.append(tenant)
        }
        return Fleet(tenants: tenants, others: others(section, first))
    }

    /// Hosts that are no tenants. They need no env file: nothing of theirs is a secret of a tenant.
    private func others(_ fleet: Section, _ tenants: [TenantID: Node]) -> [TenantHost] {
        var taken = tenants
        return (fleet.list("hosts", required: false, most: Self.mostHosts) ?? []).compactMap { node in
            guard let host = tenant(node, "host", envRequired: false) else { return nil }
            if let earlier = taken[host.id] {
                findings.note(node, "\(host.id) is taken, by line \(earlier.mark?.line ?? 0)", fix: "give the host an id of its own")
            }
            taken[host.id] = node
            return host
        }
    }

    private func tenant(_ node: Node, _ what: String = "tenant", envRequired: Bool = true) -> TenantHost? {
        let name = node.mapping?["id"].flatMap(Scalars.text)
        let title = name.map { "\(what) \($0)" } ?? "the \(what)"
        guard let section = Section(node, title, known: ["id", "host", "transport", "region", "labels", "env", "state"], findings) else { return nil }
        let id = section.text("id")
        if let id, !Identifiers.isTenant(id) {
            findings.note(
                section.valueNode("id"), "\(id) is no \(what) id", fix: "use small letters, digits, dots, dashes and underscores, at most 63, beginning with a letter or digit")
        }
        let host = section.text("host")
        let transport = transport(section)
        let region = instance(section, host, transport)
        let labels = labels(section)
        let env = envRequired || section.has("env") ? path(section, "env", required: true) : "/dev/null"
        let state = section.has("state") ? path(section, "state", required: true) : id.map { "/var/lib/cutover/\($0)" }
        guard let id, let host, let transport, let env, let state else { return nil }
        return TenantHost(id: TenantID(id), host: host, transport: transport, labels: labels, env: env, state: state, region: region)
    }

    private func transport(_ section: Section) -> String? {
        guard let word = section.text("transport") else { return nil }
        if Self.transports.contains(word) { return word }
        findings.note(
            section.valueNode("transport"), "\(section.title): there is no transport \(word)", fix: "use `transport: local`, `transport: ssh` or `transport: ssm`")
        return nil
    }

    /// An instance of Systems Manager, where the transport is that. Its region may also come from the operator's own settings.
    private func instance(_ section: Section, _ host: String?, _ transport: String?) -> String? {
        let region = section.has("region") ? section.text("region") : nil
        guard transport == "ssm" else {
            if section.has("region") {
                findings.note(section.valueNode("region"), "\(section.title): a region goes with `transport: ssm` only", fix: "remove `region:`, or set `transport: ssm`")
            }
            return nil
        }
        if let host, host.wholeMatch(of: #/i-([0-9a-z]{8}|[0-9a-z]{17})|mi-[0-9a-z]{17}/#) == nil {
            findings.note(
                section.valueNode("host"), "\(section.title): \(host) is no instance of Systems Manager", fix: "write its id, such as i-0123456789abcdef0 or mi-0123456789abcdef0")
        }
        if let region, region.wholeMatch(of: #/[a-z]{2}(-[a-z]+)+-[0-9]+/#) == nil {
            findings.note(section.valueNode("region"), "\(section.title): \(region) is no region", fix: "write it as AWS does, such as eu-central-1")
        }
        return region
    }

    private func labels(_ tenant: Section) -> [String: String] {
        guard tenant.has("labels"), let section = tenant.section("labels", known: nil) else { return [:] }
        var labels: [String: String] = [:]
        for key in section.keys { labels[key] = section.text(key) }
        return labels
    }

    private func path(_ section: Section, _ key: String, required: Bool) -> String? {
        guard let path = section.text(key, required: required) else { return nil }
        if let stranger = path.unicodeScalars.first(where: { !Identifiers.isOfPath($0) }) {
            let spelled = stranger.escaped(asASCII: true)
            findings.note(
                section.valueNode(key), "\(section.title): \(key) holds `\(spelled)`, which a service's command can't be written with",
                fix: "use letters, digits and / . _ - + @ : , = ~ %")
            return nil
        }
        if path.hasPrefix("/"), !path.split(separator: "/").contains("..") { return path }
        findings.note(section.valueNode(key), "\(section.title): \(key) is not an absolute path", fix: "write the whole path on the host, from `/` and without `..`")
        return nil
    }
}
