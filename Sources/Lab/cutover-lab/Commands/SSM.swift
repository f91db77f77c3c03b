import ArgumentParser
import Foundation
import LabKit

/// The endpoint as a process: of hosts made up for it, or of a lab's.
struct SSM: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ssm", abstract: "Serve an AWS Systems Manager endpoint on loopback that runs its commands on this machine, until stopped.",
        discussion: "Prints what a client needs, one `export NAME=value` a line, and serves. `PUT /lab/faults` sets faults, `GET /lab/calls` counts calls.")

    @Option(help: "How many hosts.")
    var instances = 3

    @Option(help: "The port; 0 for one of the system's choice.")
    var port = 0

    @Option(help: "A folder whose files are handed out at /files/NAME.")
    var files: String?

    @Flag(help: "No limit to the calls a second.")
    var unlimited = false

    func validate() throws {
        guard (1...10_000).contains(instances) else { throw ValidationError("--instances must be between 1 and 10000") }
    }

    func run() async throws {
        var faults = LabSSMFaults()
        if unlimited { faults.callsPerSecond = nil }
        let hosts = (1...instances).map { LabSSMHost(instanceID: LabSSMHost.instanceID($0), tags: ["env": "lab"]) }
        let ssm = try await LabSSM.start(hosts: hosts, port: port, faults: faults, files: files)
        for (name, value) in ssm.environment.sorted(by: { $0.key < $1.key }) { print("export \(name)=\(value)") }
        fflush(nil)
        await StopSignal.wait()
        await ssm.stop()
    }
}
