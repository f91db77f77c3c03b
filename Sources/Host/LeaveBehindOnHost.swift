public import Cutover

/// The host's lock and its memory of fences do it all, before this is asked.
extension LeaveBehind: ActsOnHost {
    public func act(_ host: HostHand) async throws -> Result { Result() }
}
