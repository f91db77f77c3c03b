import Foundation

/// Takes requests apart, admits or refuses them, and hands them to the operation they are for.
struct SSMDesk: Sendable {
    let hosts: SSMHosts
    let book: SSMBook
    let temper: SSMTemper
    let signature: SSMSignature
    /// Whose files are handed out below `/files/`, as a store of programs would.
    let files: String?

    func answer(_ asked: SSMAsked) async -> SSMReply {
        if asked.path.hasPrefix("/lab/") { return await ControlDoor(temper: temper, book: book).answer(asked) }
        if asked.path.hasPrefix("/files/") { return file(String(asked.path.dropFirst("/files/".count))) }
        let operation = asked["x-amz-target"].flatMap { $0.hasPrefix("AmazonSSM.") ? String($0.dropFirst("AmazonSSM.".count)) : nil } ?? ""
        let reply: SSMReply
        do { reply = .json(200, try await carryOut(operation, asked)) } catch { reply = .json(error.status, error.body) }
        if let seconds = temper.faults.replySeconds[operation] { try? await Task.sleep(for: .seconds(seconds)) }
        return temper.losesReply(to: operation) ? .none : reply
    }

    // MARK: - Non public

    private func carryOut(_ operation: String, _ asked: SSMAsked) async throws(SSMProblem) -> JSONValue {
        guard asked.method == "POST", asked.path == "/", asked["content-type"]?.hasPrefix("application/x-amz-json-1.1") == true else {
            throw SSMProblem(code: "com.amazon.coral.service#UnknownOperationException", message: "")
        }
        try signature.check(asked)
        try temper.admit(operation)
        let input = try SSMInput(asked.body)
        switch operation {
        case "SendCommand": return try await Sending(hosts: hosts, book: book, temper: temper).send(input)
        case "CancelCommand": return try await Sending(hosts: hosts, book: book, temper: temper).cancel(input)
        case "GetCommandInvocation": return try await Looking(book: book, temper: temper).get(input)
        case "ListCommandInvocations": return try await Listing(book: book, temper: temper).invocations(input)
        case "ListCommands": return try await Listing(book: book, temper: temper).commands(input)
        case "DescribeInstanceInformation": return try Inventory(hosts: hosts, temper: temper).describe(input)
        default: throw SSMProblem(code: "com.amazon.coral.service#UnknownOperationException", message: "")
        }
    }

    private func file(_ name: String) -> SSMReply {
        guard let files, !name.contains(".."), let file = FileHandle(forReadingAtPath: "\(files)/\(name)"),
            let bytes = try? file.seekToEnd(), (try? file.seek(toOffset: 0)) != nil
        else { return .json(404, ["message": "no such file"]) }
        return .file(file, bytes: Int(bytes))
    }
}
