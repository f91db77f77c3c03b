import ArgumentParser

/// Data for people or for programs.
struct OutputOptions: ParsableArguments {
    @Flag(help: "One JSON document instead of text.")
    var json = false
}

/// Outcomes for people or for programs, as they come.
struct StreamOptions: ParsableArguments {
    @Flag(name: .customLong("json-lines"), help: "One JSON object a line for each outcome.")
    var jsonLines = false
}

/// The tenants a command is about.
struct TenantOptions: ParsableArguments {
    @Argument(help: "Tenants by name.")
    var tenants: [String] = []
    @Option(help: "All tenants of this wave.")
    var wave: String?
}
