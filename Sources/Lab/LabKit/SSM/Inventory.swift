import Foundation

/// DescribeInstanceInformation. A host that is stopped is not listed, which does not mean that it is gone.
struct Inventory {
    let hosts: SSMHosts
    let temper: SSMTemper
    private static let keys = [
        "InstanceIds", "AgentVersion", "PingStatus", "PlatformTypes", "ActivationIds", "IamRole", "ResourceType", "AssociationStatus", "SourceIds", "SourceTypes",
    ]

    init(hosts: SSMHosts, temper: SSMTemper) { (self.hosts, self.temper) = (hosts, temper) }

    func describe(_ input: SSMInput) throws(SSMProblem) -> JSONValue {
        let page = try SSMPage(input, most: 5...50, unasked: 10)
        let filters = try filters(input, "Filters", "Key", "Values") + filters(input, "InstanceInformationFilterList", "key", "valueSet")
        if filters.contains(where: { $0.0.hasPrefix("tag") }), filters.contains(where: { !$0.0.hasPrefix("tag") }) {
            throw SSMProblem(code: "InvalidInstanceInformationFilterValue", message: "Tag filters can't be used with other filters.")
        }
        let all = hosts.all.filter { host in temper.state(host.instanceID) != .stopped && filters.allSatisfy { holds(host, $0.0, $0.1) } }
        return page.json("InstanceInformationList", all, json)
    }

    // MARK: - Non public

    private func filters(_ input: SSMInput, _ list: String, _ key: String, _ values: String) throws(SSMProblem) -> [(String, [String])] {
        var found: [(String, [String])] = []
        for item in try input.list(list, count: 0...Int.max) ?? [] {
            let filter = SSMInput(item)
            let name = try filter.required(key, length: 1...Int.max)
            guard let wanted = try filter.texts(values, count: 1...100) else { throw filter.missing(values) }
            guard Self.keys.contains(name) || name.hasPrefix("tag:") || name == "tag-key" else { throw SSMProblem(code: "InvalidFilterKey", message: "") }
            if name == "InstanceIds" { _ = try filter.texts(values, count: 1...100, like: SSMInput.instance) }
            found.append((name, wanted))
        }
        return found
    }

    private func holds(_ host: LabSSMHost, _ key: String, _ values: [String]) -> Bool {
        switch key {
        case "InstanceIds": values.contains(host.instanceID)
        case "PingStatus": values.contains(ping(host))
        case "PlatformTypes": values.contains("Linux")
        case "ResourceType": values.contains("EC2Instance")
        case "AgentVersion": values.contains(Self.agentVersion)
        case "tag-key": host.tags.keys.contains(where: values.contains)
        case _ where key.hasPrefix("tag:"): host.tags[String(key.dropFirst(4))].map(values.contains) ?? false
        default: false
        }
    }

    private static let agentVersion = "3.3.987.0"

    private func ping(_ host: LabSSMHost) -> String { temper.state(host.instanceID) == .connectionLost ? "ConnectionLost" : "Online" }

    private func json(_ host: LabSSMHost) -> JSONValue {
        let seen = temper.state(host.instanceID) == .connectionLost ? Date.now.addingTimeInterval(-3_600) : Date.now
        return [
            "InstanceId": .string(host.instanceID), "PingStatus": .string(ping(host)), "LastPingDateTime": JSONValue(seen), "AgentVersion": .string(Self.agentVersion),
            "IsLatestVersion": true, "PlatformType": "Linux", "PlatformName": "Debian GNU/Linux", "PlatformVersion": "12", "ResourceType": "EC2Instance",
            "IPAddress": "127.0.0.1", "ComputerName": .string(host.name), "SourceId": .string(host.instanceID), "SourceType": "AWS::EC2::Instance",
        ]
    }
}
