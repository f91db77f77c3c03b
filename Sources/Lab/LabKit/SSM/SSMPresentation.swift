import Foundation

extension JSONValue {
    /// Seconds since 1970, with thousandths.
    init(_ date: Date) { self = .number(String(format: "%.3f", date.timeIntervalSince1970)) }

    static func details(_ text: String, spaced: Bool) -> JSONValue {
        guard spaced else { return .string(text) }
        return .string(text.replacing(#/([a-z])([A-Z])/#) { "\($0.1) \($0.2)" })
    }
}

extension SSMCommand {
    static let pluginName = "aws:runShellScript"
    private static let notification: JSONValue = ["NotificationArn": "", "NotificationEvents": []]
    private static let cloudWatch: JSONValue = ["CloudWatchOutputEnabled": false]

    /// As SendCommand and ListCommands show it.
    func json(spaced: Bool) -> JSONValue {
        let (status, details) = status
        return [
            "CommandId": .string(id), "DocumentName": "AWS-RunShellScript", "DocumentVersion": .string(documentVersion), "Comment": .string(comment),
            "ExpiresAfter": JSONValue(expires), "Parameters": parameters, "InstanceIds": .array(instances.map(JSONValue.string)), "Targets": targets,
            "RequestedDateTime": JSONValue(requested), "Status": .string(status), "StatusDetails": .details(details, spaced: spaced),
            "MaxConcurrency": .string(maxConcurrency), "MaxErrors": .string(maxErrors), "TargetCount": JSONValue(invocations.count),
            "CompletedCount": JSONValue(invocations.count(where: \.isOver)), "ErrorCount": JSONValue(errors),
            "DeliveryTimedOutCount": JSONValue(invocations.count { $0.report.details == "DeliveryTimedOut" }), "ServiceRole": "",
            "NotificationConfig": Self.notification, "CloudWatchOutputConfig": Self.cloudWatch, "TimeoutSeconds": JSONValue(timeoutSeconds),
        ]
    }

    /// As GetCommandInvocation shows it.
    func json(_ invocation: Invocation, spaced: Bool) -> JSONValue {
        var members: [JSONValue.Member] = []
        func add(_ name: String, _ value: JSONValue) { members.append(.init(name: name, value: value)) }
        let report = invocation.report
        add("CommandId", .string(id))
        add("InstanceId", .string(invocation.instance))
        add("Comment", .string(comment))
        add("DocumentName", "AWS-RunShellScript")
        add("DocumentVersion", .string(documentVersion))
        add("PluginName", .string(Self.pluginName))
        add("ResponseCode", JSONValue(report.code))
        add("ExecutionStartDateTime", .string(Self.moment(invocation.began)))
        add("ExecutionElapsedTime", .string(Self.elapsed(invocation)))
        add("ExecutionEndDateTime", .string(invocation.began == nil ? "" : Self.moment(invocation.ended)))
        add("Status", .string(report.status))
        add("StatusDetails", .details(report.details, spaced: spaced))
        add("StandardOutputContent", .string(report.output))
        add("StandardOutputUrl", "")
        add("StandardErrorContent", .string(report.errors))
        add("StandardErrorUrl", "")
        add("CloudWatchOutputConfig", Self.cloudWatch)
        return .object(members)
    }

    /// As ListCommandInvocations shows it.
    func listed(_ invocation: Invocation, name: String, withDetails: Bool, spaced: Bool) -> JSONValue {
        [
            "CommandId": .string(id), "InstanceId": .string(invocation.instance), "InstanceName": .string(name), "Comment": .string(comment),
            "DocumentName": "AWS-RunShellScript", "DocumentVersion": .string(documentVersion), "RequestedDateTime": JSONValue(requested),
            "Status": .string(invocation.report.status), "StatusDetails": .details(invocation.report.details, spaced: spaced), "StandardOutputUrl": "",
            "StandardErrorUrl": "", "CommandPlugins": withDetails ? [plugin(invocation, spaced: spaced)] : [], "ServiceRole": "",
            "NotificationConfig": Self.notification, "CloudWatchOutputConfig": Self.cloudWatch,
        ]
    }

    // MARK: - Non public

    private func plugin(_ invocation: Invocation, spaced: Bool) -> JSONValue {
        let report = invocation.report
        var members: [JSONValue.Member] = [
            .init(name: "Name", value: .string(Self.pluginName)), .init(name: "Status", value: .string(report.status == "Cancelling" ? "InProgress" : report.status)),
            .init(name: "StatusDetails", value: .details(report.details, spaced: spaced)), .init(name: "ResponseCode", value: JSONValue(report.code)),
            .init(name: "Output", value: .string(SSMOutput.joined(report.output, report.errors))), .init(name: "StandardOutputUrl", value: ""),
            .init(name: "StandardErrorUrl", value: ""),
        ]
        if let began = invocation.began { members.append(.init(name: "ResponseStartDateTime", value: JSONValue(began))) }
        if let ended = invocation.ended { members.append(.init(name: "ResponseFinishDateTime", value: JSONValue(ended))) }
        return .object(members)
    }

    /// Nothing before it is known, as the service does.
    private static func moment(_ date: Date?) -> String { date?.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) ?? "" }

    private static func elapsed(_ invocation: Invocation) -> String {
        guard let began = invocation.began, let ended = invocation.ended else { return "" }
        return "PT\(String(format: "%.3f", ended.timeIntervalSince(began)))S"
    }
}
