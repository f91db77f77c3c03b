import ArgumentParser
import LabKit

struct Agents: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start, stop, pause or resume agents.",
        discussion: "A pause returns once no act is in flight.")

    enum Action: String, ExpressibleByArgument, CaseIterable {
        case start, stop, pause, resume
    }

    @OptionGroup var lab: LabRoot

    @Argument(help: "start, stop, pause or resume.")
    var action: Action

    @Argument(help: "The tenants; none means all of them.")
    var tenants: [String] = []

    @Flag(help: "All tenants.")
    var all = false

    func validate() throws {
        guard !(all && !tenants.isEmpty) else { throw ValidationError("name tenants or say --all, not both") }
    }

    func run() throws {
        let crew = try AgentsCrew(root: lab.root, tenants: tenants)
        switch action {
        case .start: try crew.start()
        case .stop: crew.stop()
        case .pause: try crew.pause()
        case .resume: crew.resume()
        }
    }
}
