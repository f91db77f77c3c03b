/// One call of Systems Manager's interface, as JSON.
protocol SSMCall: Encodable, Sendable {
    associatedtype Answer: Decodable & Sendable
    static var name: String { get }
}

/// Changes nothing, and so may be made again.
protocol SSMReading: SSMCall {}

struct SendCommand: SSMCall {
    static let name = "SendCommand"
    struct Answer: Decodable, Sendable {
        let command: Command
        enum CodingKeys: String, CodingKey { case command = "Command" }
    }

    let instance: String
    let comment: String
    let script: String
    /// Seconds until it must have begun, at least 30.
    let deliverySeconds: Int
    /// Seconds it may take, 5 to 172,800; outside of that the agent takes an hour without a word.
    let executionSeconds: Int

    func encode(to encoder: any Encoder) throws {
        var call = encoder.container(keyedBy: Key.self)
        try call.encode("AWS-RunShellScript", forKey: .DocumentName)
        try call.encode([instance], forKey: .InstanceIds)
        try call.encode(comment, forKey: .Comment)
        try call.encode(max(30, deliverySeconds), forKey: .TimeoutSeconds)
        try call.encode(Parameters(commands: [script], executionTimeout: [String(min(172_800, max(5, executionSeconds)))]), forKey: .Parameters)
    }

    private enum Key: String, CodingKey { case DocumentName, InstanceIds, Comment, TimeoutSeconds, Parameters }
    private struct Parameters: Encodable {
        let commands: [String]
        let executionTimeout: [String]
    }
}

struct CancelCommand: SSMCall {
    static let name = "CancelCommand"
    struct Answer: Decodable, Sendable {}
    let command: String
    let instance: String
    enum CodingKeys: String, CodingKey { case command = "CommandId" }
    func encode(to encoder: any Encoder) throws {
        var call = encoder.container(keyedBy: Key.self)
        try call.encode(command, forKey: .CommandId)
        try call.encode([instance], forKey: .InstanceIds)
    }
    private enum Key: String, CodingKey { case CommandId, InstanceIds }
}

/// Commands, not what became of them on each host. An instance as a filter would leave out those that are still pending.
struct ListCommands: SSMReading {
    static let name = "ListCommands"
    struct Answer: Decodable, Sendable {
        let commands: [Command]?
        let next: String?
        enum CodingKeys: String, CodingKey { case commands = "Commands", next = "NextToken" }
    }
    let filters: [CommandFilter]
    let next: String?
    let most = 50
    enum CodingKeys: String, CodingKey { case filters = "Filters", next = "NextToken", most = "MaxResults" }
}

/// What became of commands, for all hosts in one listing, or of one.
struct ListCommandInvocations: SSMReading {
    static let name = "ListCommandInvocations"
    struct Answer: Decodable, Sendable {
        let invocations: [Invocation]?
        let next: String?
        enum CodingKeys: String, CodingKey { case invocations = "CommandInvocations", next = "NextToken" }
    }
    var command: String?
    var filters: [CommandFilter]?
    var next: String?
    let most = 50
    /// With up to 2,500 characters of output.
    let details = true
    enum CodingKeys: String, CodingKey { case command = "CommandId", filters = "Filters", next = "NextToken", most = "MaxResults", details = "Details" }
}

/// One host's part of a command, with up to 24,000 characters of output.
struct GetCommandInvocation: SSMReading {
    static let name = "GetCommandInvocation"
    struct Answer: Decodable, Sendable {
        let status: String?
        let details: String?
        let output: String?
        enum CodingKeys: String, CodingKey { case status = "Status", details = "StatusDetails", output = "StandardOutputContent" }
    }
    let command: String
    let instance: String
    enum CodingKeys: String, CodingKey { case command = "CommandId", instance = "InstanceId" }
}

/// Which hosts are registered, and which of them are heard of.
struct DescribeInstanceInformation: SSMReading {
    static let name = "DescribeInstanceInformation"
    struct Answer: Decodable, Sendable {
        let instances: [Instance]?
        let next: String?
        enum CodingKeys: String, CodingKey { case instances = "InstanceInformationList", next = "NextToken" }
    }
    struct Filter: Encodable, Sendable {
        let key: String
        let values: [String]
        enum CodingKeys: String, CodingKey { case key = "Key", values = "Values" }
    }
    struct Instance: Decodable, Sendable {
        let id: String
        let ping: String?
        /// Seconds since 1970.
        let lastHeard: Double?
        let platform: String?
        let computer: String?
        let address: String?
        enum CodingKeys: String, CodingKey {
            case id = "InstanceId", ping = "PingStatus", lastHeard = "LastPingDateTime", platform = "PlatformType", computer = "ComputerName", address = "IPAddress"
        }
    }
    let filters: [Filter]?
    let next: String?
    let most = 50
    enum CodingKeys: String, CodingKey { case filters = "Filters", next = "NextToken", most = "MaxResults" }
}

struct CommandFilter: Encodable, Sendable {
    let key: String
    let value: String
}

struct Command: Decodable, Sendable {
    let id: String
    let comment: String?
    let instances: [String]?
    /// Seconds since 1970, by AWS's clock.
    let requested: Double?
    enum CodingKeys: String, CodingKey { case id = "CommandId", comment = "Comment", instances = "InstanceIds", requested = "RequestedDateTime" }
}

struct Invocation: Decodable, Sendable {
    struct Plugin: Decodable, Sendable {
        let output: String?
        enum CodingKeys: String, CodingKey { case output = "Output" }
    }
    let command: String
    let instance: String
    let status: String?
    let details: String?
    let plugins: [Plugin]?
    enum CodingKeys: String, CodingKey { case command = "CommandId", instance = "InstanceId", status = "Status", details = "StatusDetails", plugins = "CommandPlugins" }
    var output: String { plugins?.compactMap(\.output).joined() ?? "" }
}
