/// How the orchestrator is to reach the tenants' hosts, which are all this machine.
public enum LabTransport: String, Sendable, Codable, CaseIterable {
    case local, ssh, ssm
}

/// The fleet as the orchestrator reads it.
enum FleetFile {
    static func text(_ layout: LabLayout, tenants: [String], transport: LabTransport) -> String {
        let lines = tenants.enumerated().map { index, id in
            let folder = layout.tenant(id)
            let env = index == 0 ? "lab-canary" : "lab"
            let host = transport == .ssm ? SSMProcess.instance(index) : "\(id).lab"
            return """
                  - { id: \(id), host: \(host), transport: \(transport.rawValue), labels: { env: \(env) }, env: \(quoted(folder.env)), state: \(quoted(folder.host)) }

                """
        }
        let plane = TenantFolder(path: "\(layout.root)/\(ControlPlaneMaking.name)")
        let hosts = """
            hosts:
              - { id: \(ControlPlaneMaking.name), host: \(transport == .ssm ? SSMProcess.controlPlane : "\(ControlPlaneMaking.name).lab"), transport: \(transport.rawValue), labels: { role: control-plane }, env: \(quoted(plane.env)), state: \(quoted(plane.host)) }

            """
        return "tenants:\n" + lines.joined() + hosts
    }

    /// A plain path stays bare; any other is put in quotes.
    private static func quoted(_ path: String) -> String {
        path.wholeMatch(of: #/[A-Za-z0-9_.\/\-]+/#) != nil ? path : "\"\(path.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
}
