import Testing

@testable import Phases

@Suite("a plugin's health") struct HealthTests {
    private func lacking(_ version: String, without missing: String? = nil) -> String? {
        PluginClient.Health(status: "ok", version: version, capabilities: (PluginClient.neededCapabilities + ["more"]).filter { $0 != missing }).lacking
    }

    @Test("lacks nothing that is needed, names each capability it lacks, and a contract that is another")
    func lacks() {
        #expect(lacking("1.0.0") == nil)
        for needed in PluginClient.neededCapabilities { #expect(lacking("1.0.0", without: needed) == "it lacks \(needed)") }
        #expect(lacking("2.0.0", without: "ttl") == "contract version 2.0.0 is not 1.0.0; it lacks ttl")
    }
}
