import ArgumentParser
import PlanFiles

/// Which plan, fleet and journal a command is about, and who gives it.
struct InputOptions: ParsableArguments {
    @Option(help: "The plan file (or CUTOVER_PLAN).", completion: .file(extensions: ["yaml"]))
    var plan: String?
    @Option(help: "The fleet file (or CUTOVER_FLEET). Default: ./.lab/fleet.yaml when it is there.", completion: .file(extensions: ["yaml"]))
    var fleet: String?
    @Option(help: "The journal (or CUTOVER_JOURNAL). Default: ./cutover.db.", completion: .file())
    var journal: String?
    @Option(help: "What is put on hosts: a bundle, or a folder of bundles, one an architecture (or CUTOVER_BUNDLE). Default: this program.", completion: .file())
    var bundle: String?
    @Option(name: .customLong("as"), help: "Who you are (or CUTOVER_OPERATOR, or USER, or the account that runs this).")
    var person: String?
}

/// The inputs as they are named, each by the first that names it: option, variable, cutover.yaml, default.
struct Inputs: Sendable, Equatable {
    let plan: String?
    let fleet: String?
    let journal: String
    let bundle: String?
    let person: String?
    /// Who is told of what happens, by the `cutover.yaml` beside us alone.
    let hooks: [HookSettings]

    static let defaultJournal = "./cutover.db"
    static let labFleet = "./.lab/fleet.yaml"

    /// - Parameter fileExists: whether a path is there, seen from the current folder.
    init(_ options: InputOptions, variables: [String: String], beside: InputsFile?, fileExists: (String) -> Bool) {
        func variable(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }
        self.plan = options.plan ?? variable("CUTOVER_PLAN") ?? beside?.plan
        self.fleet = options.fleet ?? variable("CUTOVER_FLEET") ?? beside?.fleet ?? (fileExists(Self.labFleet) ? Self.labFleet : nil)
        self.journal = options.journal ?? variable("CUTOVER_JOURNAL") ?? beside?.journal ?? Self.defaultJournal
        self.bundle = options.bundle ?? variable("CUTOVER_BUNDLE") ?? beside?.bundle
        self.hooks = beside?.hooks ?? []
        self.person = options.person ?? variable("CUTOVER_OPERATOR") ?? variable("USER")
    }
}
