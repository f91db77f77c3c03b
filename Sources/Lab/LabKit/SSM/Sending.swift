import Foundation

/// SendCommand and CancelCommand.
struct Sending {
    let hosts: SSMHosts
    let book: SSMBook
    let temper: SSMTemper

    func send(_ input: SSMInput) async throws(SSMProblem) -> JSONValue {
        let document = try input.required("DocumentName", length: 3...128, like: #"[a-zA-Z0-9_\-.:/]{3,128}"#)
        let version = try input.text("DocumentVersion", like: #"[$]LATEST|[$]DEFAULT|[1-9][0-9]*"#)
        let named = try input.texts("InstanceIds", count: 0...50, like: SSMInput.instance) ?? []
        let targets = try targets(input)
        let comment = try input.text("Comment", length: 0...100) ?? ""
        let timeout = try input.integer("TimeoutSeconds", in: 30...2_592_000) ?? 3_600
        let concurrency = try input.text("MaxConcurrency", length: 1...7, like: "[1-9][0-9]*|[1-9][0-9]?%|100%") ?? "50"
        let errors = try input.text("MaxErrors", length: 1...7, like: "[1-9][0-9]*|0|[1-9]?[0-9]%|100%") ?? "0"
        try checkDocument(document, version, hash: try input.text("DocumentHash", length: 0...256))
        if named.isEmpty == targets.isEmpty { throw .validation("Either InstanceIds or Targets must be given, and not both.") }
        let script = try RunShellScript(input).script(command: UUID().uuidString.lowercased())
        try checkHosts(named)
        let meant = named.isEmpty ? targets.map { Set(hosts.targeted($0.0, $0.1)) }.reduce(nil) { $0?.intersection($1) ?? $1 }.map { $0.sorted() } ?? [] : named
        let command = SSMCommand(
            script: script, documentVersion: version ?? "$DEFAULT", comment: comment, parameters: input.fields["Parameters"] ?? [:], instances: named,
            targets: input.fields["Targets"] ?? [], requested: .now, timeoutSeconds: timeout, maxConcurrency: concurrency, maxErrors: errors,
            isDuplicated: temper.takesDuplicate(), meetsRestart: temper.takesRestart(), invocations: meant.map { SSMCommand.Invocation(instance: $0) })
        await book.take(command)
        return ["Command": command.json(spaced: temper.faults.spacedDetails)]
    }

    func cancel(_ input: SSMInput) async throws(SSMProblem) -> JSONValue {
        let id = try input.required("CommandId", length: SSMInput.command)
        let instances = try input.texts("InstanceIds", count: 0...50, like: SSMInput.instance) ?? []
        guard Set(instances).count == instances.count else { throw SSMProblem(code: "DuplicateInstanceId", message: "") }
        guard let command = await book.command(id) else { throw SSMProblem(code: "InvalidCommandId", message: "") }
        if let stranger = instances.first(where: { command[$0] == nil }) { throw SSMProblem(code: "InvalidInstanceId", message: "\(stranger) is no target of \(id)") }
        await book.cancel(id, on: instances)
        return [:]
    }

    // MARK: - Non public

    private func targets(_ input: SSMInput) throws(SSMProblem) -> [(String, [String])] {
        var found: [(String, [String])] = []
        for item in try input.list("Targets", count: 0...5) ?? [] {
            let target = SSMInput(item)
            let key = try target.required("Key", length: 1...163)
            found.append((key, try target.texts("Values", count: 0...50) ?? []))
        }
        return found
    }

    private func checkDocument(_ name: String, _ version: String?, hash: String?) throws(SSMProblem) {
        guard name == "AWS-RunShellScript" else { throw SSMProblem(code: "InvalidDocument", message: "Document with name \(name) does not exist.") }
        guard ["1", "$DEFAULT", "$LATEST", nil].contains(version) else { throw SSMProblem(code: "InvalidDocumentVersion", message: "") }
        // The document's, as AWS's own examples show it.
        guard [nil, "99749de5e62f71e5ebe9a55c2321e2c394796afe7208cff048696541e6f6771e"].contains(hash) else {
            throw SSMProblem(code: "InvalidDocument", message: "The document's hash is another one.")
        }
    }

    private func checkHosts(_ named: [String]) throws(SSMProblem) {
        guard Set(named).count == named.count else { throw SSMProblem(code: "DuplicateInstanceId", message: "") }
        let unfit = named.filter { hosts[$0] == nil || [.connectionLost, .stopped].contains(temper.state($0)) }
        if !unfit.isEmpty { throw .notInState(unfit) }
    }
}

/// The parameters of the document AWS-RunShellScript.
struct RunShellScript {
    private static let timeouts = "([1-9][0-9]{0,4})|(1[0-6][0-9]{4})|(17[0-1][0-9]{3})|(172[0-7][0-9]{2})|(172800)"
    /// Of a document with its parameters.
    private static let mostBytes = 64 << 10
    private let values: [String: [String]]

    init(_ input: SSMInput) throws(SSMProblem) {
        var values: [String: [String]] = [:]
        if case .object(let members)? = input.fields["Parameters"] {
            for member in members { values[member.name] = try SSMInput([member.name: member.value]).texts(member.name, count: 0...Int.max) ?? [] }
            guard (input.fields["Parameters"]?.text.utf8.count ?? 0) <= Self.mostBytes else {
                throw SSMProblem(code: "MaxDocumentSizeExceeded", message: "The size limit of a document is 64 KB.")
            }
        } else if let other = input.fields["Parameters"], other != .null { throw .malformed }
        self.values = values
    }

    func script(command: String) throws(SSMProblem) -> SSMScript {
        if let stranger = values.keys.sorted().first(where: { !["commands", "workingDirectory", "executionTimeout"].contains($0) }) {
            throw Self.wrong("Parameter \"\(stranger)\" is not defined in document AWS-RunShellScript.")
        }
        guard let lines = values["commands"], !lines.isEmpty else { throw Self.wrong("Parameter \"commands\" requires argument value or default value") }
        let timeout = try one("executionTimeout") ?? "3600"
        guard let wanted = try? Regex(Self.timeouts), (try? wanted.wholeMatch(in: timeout)) != nil, let seconds = Int(timeout) else {
            throw Self.wrong("Parameter \"executionTimeout\" value not matching pattern: \(Self.timeouts)")
        }
        let folder = try one("workingDirectory") ?? ""
        guard folder.utf8.count <= 4_096 else { throw Self.wrong("Parameter \"workingDirectory\" is longer than 4096 characters") }
        return SSMScript(command: command, lines: lines, workingDirectory: folder, executionSeconds: seconds)
    }

    // MARK: - Non public

    private func one(_ name: String) throws(SSMProblem) -> String? {
        guard let given = values[name] else { return nil }
        guard given.count == 1 else { throw Self.wrong("Parameter \"\(name)\" wants exactly one value") }
        return given[0]
    }

    private static func wrong(_ why: String) -> SSMProblem { SSMProblem(code: "InvalidParameters", message: why) }
}
