import Cutover

/// What each tenant's host told of it when the journal was lost.
struct RebuildView {
    struct Tenant: Encodable {
        let tenant: TenantID
        /// `rebuilt`, `notBegun`, `leftAlone` or `failed`.
        let outcome: String
        let fence: Int
        let steps: [RebuiltTenant.Step]
        let why: String?
        let next: String?
        private let status: CommandExit

        init(_ tenant: TenantID, _ errand: Errand<RebuiltTenant>) {
            self.tenant = tenant
            switch errand {
            case .done(let rebuilt):
                (outcome, status) = (rebuilt.was == nil ? "notBegun" : "rebuilt", .done)
                (fence, steps, why, next) = (rebuilt.fence, rebuilt.steps, nil, nil)
            case .failed(let failure):
                (outcome, status) = ("failed", failure.effect == .unknown ? .unknown : .failed)
                (fence, steps, why, next) = (0, [], failure.what, failure.next)
            case .stopped(let reason, let command):
                (outcome, status) = ("leftAlone", .inTheWay)
                (fence, steps, why, next) = (0, [], reason, command)
            }
        }

        var exit: CommandExit { status }

        private enum CodingKeys: String, CodingKey { case tenant, outcome, fence, steps, why, next }
    }

    let tenants: [Tenant]

    static let lost = """
        not on any host, and to be given again where it is asked for: approvals, exceptions and changes that were signed, waivers, holds, which waves had \
        opened, and who did what before and when; a grace period and windows whose samples no host records begin anew
        """

    var status: CommandExit {
        let statuses = Set(tenants.map(\.exit))
        return .worst(of: statuses.contains(.done) && statuses.count > 1 ? statuses.union([.partlyDone]) : statuses)
    }

    func human(_ paint: Paint) -> String {
        tenants.map { tenant in
            switch tenant.outcome {
            case "rebuilt":
                let steps = tenant.steps.map { "  \($0.step): \(PlainText.line($0.found))" }
                return (["\(tenant.tenant): \(paint.green("rebuilt")), under fence \(tenant.fence)"] + (steps.isEmpty ? ["  nothing is in place"] : steps)).joined(separator: "\n")
            case "notBegun": return "\(tenant.tenant): nothing was ever begun there"
            default: return "\(tenant.tenant): \(paint.red("not rebuilt")): \(PlainText.line(tenant.why ?? ""))\n  next: \(tenant.next ?? "")"
            }
        }.joined(separator: "\n")
    }

    func json() throws -> String { try JSONText.document(Document(tenants: tenants, lost: Self.lost)) }

    private struct Document: Encodable {
        let formatVersion = 1
        let tenants: [Tenant]
        /// What has to be given again.
        let lost: String
    }
}
