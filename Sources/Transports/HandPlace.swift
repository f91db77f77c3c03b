import Cutover

extension TenantHost {
    /// The folder on the host in which the programs lie, each under its digest.
    var handFolder: String { "\(state)/bin" }
    /// The link to the one in use.
    var handPath: String { "\(handFolder)/cutoverctl" }
}
