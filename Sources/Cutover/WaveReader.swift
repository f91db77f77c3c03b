/// Which wave each tenant is in, worked out when a wave opens and not for each tenant anew.
actor WaveReader {
    private var opened: [String]?
    private var names: [TenantID: String] = [:]

    /// Empty where no wave has or takes the tenant. Of one plan and one fleet.
    func name(of tenant: TenantID, _ opened: [FleetStanding.OpenWave], _ rollout: Rollout, _ fleet: Fleet) -> String {
        if self.opened != opened.map(\.name) {
            self.opened = opened.map(\.name)
            names = [:]
            for entry in rollout.assignment(of: fleet, opened: opened) {
                for tenant in entry.tenants where names[tenant] == nil { names[tenant] = entry.wave.name }
            }
        }
        return names[tenant] ?? ""
    }
}
