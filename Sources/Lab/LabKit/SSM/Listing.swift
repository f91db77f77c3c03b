import Foundation

/// ListCommands and ListCommandInvocations: the newest first, in pages.
struct Listing {
    let book: SSMBook
    let temper: SSMTemper

    func commands(_ input: SSMInput) async throws(SSMProblem) -> JSONValue {
        let (filter, instance, page) = (try CommandFilter(input), try input.text("InstanceId", like: SSMInput.instance), try page(input))
        let all = await book.commands.reversed().filter { command in
            // One that no host has begun is not listed under its host.
            filter.holds(command, command.status.0) && (instance.map { command[$0].map { $0.report.status != "Pending" } ?? false } ?? true)
        }
        let spaced = temper.faults.spacedDetails
        return page.json("Commands", all) { $0.json(spaced: spaced) }
    }

    func invocations(_ input: SSMInput) async throws(SSMProblem) -> JSONValue {
        let (filter, instance, page) = (try CommandFilter(input), try input.text("InstanceId", like: SSMInput.instance), try page(input))
        let details = try input.flag("Details") ?? false
        let faults = temper.faults
        var all: [(SSMCommand, SSMCommand.Invocation)] = []
        for command in await book.commands.reversed() where Date.now.timeIntervalSince(command.requested) >= faults.listingSeconds {
            for invocation in command.invocations where filter.holds(command, invocation.report.status) && (instance ?? invocation.instance) == invocation.instance {
                all.append((command, invocation))
            }
        }
        return page.json("CommandInvocations", all) { $0.0.listed($0.1, name: "", withDetails: details, spaced: faults.spacedDetails) }
    }

    // MARK: - Non public

    private func page(_ input: SSMInput) throws(SSMProblem) -> SSMPage { try SSMPage(input, most: 1...50, unasked: 50) }
}

/// What a list is narrowed down by.
struct CommandFilter {
    private let command: String?
    private var after = Date.distantPast
    private var before = Date.distantFuture
    private var statuses: Set<String>?
    private var document: String?
    private var isOver: Bool?

    init(_ input: SSMInput) throws(SSMProblem) {
        command = try input.text("CommandId", length: SSMInput.command)
        for item in try input.list("Filters", count: 1...5) ?? [] {
            let filter = SSMInput(item)
            let (key, value) = (try filter.required("key"), try filter.required("value", length: 1...128))
            switch key {
            case "InvokedAfter": after = try Self.date(value)
            case "InvokedBefore": before = try Self.date(value)
            case "Status": statuses = [value]
            case "DocumentName": document = value
            case "ExecutionStage":
                guard ["Executing", "Complete"].contains(value) else { throw .invalid(value, at: "filters.value", "be Executing or Complete") }
                isOver = value == "Complete"
            default: throw SSMProblem(code: "InvalidFilterKey", message: "")
            }
        }
    }

    func holds(_ one: SSMCommand, _ status: String) -> Bool {
        (command ?? one.id) == one.id && one.requested > after && one.requested < before && (statuses?.contains(status) ?? true)
            && (document ?? "AWS-RunShellScript") == "AWS-RunShellScript" && (isOver ?? true) == (isOver == nil || one.invocations.allSatisfy(\.isOver))
    }

    private static func date(_ text: String) throws(SSMProblem) -> Date {
        let forms: [Date.ISO8601FormatStyle] = [.iso8601, Date.ISO8601FormatStyle(includingFractionalSeconds: true)]
        if let date = forms.lazy.compactMap({ try? Date(text, strategy: $0) }).first { return date }
        throw .invalid(text, at: "filters.value", "be a date such as 2021-07-07T00:00:00Z")
    }
}

/// A part of a list, and where the next one begins.
struct SSMPage {
    private let count: Int
    private let start: Int
    private let question: String

    init(_ input: SSMInput, most: ClosedRange<Int>, unasked: Int) throws(SSMProblem) {
        count = try input.integer("MaxResults", in: most) ?? unasked
        var asked = input.fields
        if case .object(let members) = asked { asked = .object(members.filter { !["NextToken", "MaxResults"].contains($0.name) }) }
        question = asked.text
        guard let token = try input.text("NextToken") else {
            start = 0
            return
        }
        // A token counts for the question it was the answer to.
        guard let data = Data(base64Encoded: token), let text = String(data: data, encoding: .utf8), let bar = text.firstIndex(of: "|"),
            let place = Int(text[..<bar]), text[text.index(after: bar)...] == question
        else { throw SSMProblem(code: "InvalidNextToken", message: "") }
        start = place
    }

    func json<Item>(_ name: String, _ all: [Item], _ json: (Item) -> JSONValue) -> JSONValue {
        let part = all.dropFirst(start).prefix(count)
        var members: [JSONValue.Member] = [.init(name: name, value: .array(part.map(json)))]
        if start + part.count < all.count {
            members.append(.init(name: "NextToken", value: .string(Data("\(start + part.count)|\(question)".utf8).base64EncodedString())))
        }
        return .object(members)
    }
}
