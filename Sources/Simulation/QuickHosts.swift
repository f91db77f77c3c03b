public import Cutover

/// Simulated hosts on which nothing ever goes wrong, and no step takes any time.
extension SimulatedHosts {
    public convenience init(quickBy time: any TimeSource) {
        self.init([:], time: QuickClock(time: time), heeded: Set(Scenario.Heeded.allCases), witness: { _ in }, takes: { _, _ in 0 })
    }

    private struct QuickClock: HostClock {
        let time: any TimeSource
        var now: Timestamp { time.now }
        func work(seconds: Int) async {}
    }
}
