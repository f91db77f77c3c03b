import ArgumentParser

/// Data for people or for programs.
struct OutputOptions: ParsableArguments {
    @Flag(help: "One JSON document instead of text.")
    var json = false
}

/// Rows for people, for programs or for spreadsheets.
struct ListOptions: ParsableArguments {
    enum Form: String, ExpressibleByArgument, CaseIterable, Sendable { case text, json, jsonl, csv }

    @Option(name: .shortAndLong, help: "text, json (one document), jsonl (a JSON object a line) or csv.")
    var output: Form?
    @Flag(help: "One JSON document instead of text, as -o json.")
    var json = false

    var form: Form { output ?? (json ? .json : .text) }

    func validate() throws {
        if json, let output, output != .json { throw ValidationError("--json and -o \(output.rawValue) can't both say how") }
    }
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
