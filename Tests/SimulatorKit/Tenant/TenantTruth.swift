import Cutover

extension TenantTruth {
    init(_ state: TenantState) {
        self.init()
        self.state = state
    }
}
