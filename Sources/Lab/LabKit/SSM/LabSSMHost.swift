/// A managed node: a host of the lab, all of which are this machine.
public struct LabSSMHost: Sendable, Codable {
    /// `i-` and 8 or 17 characters, or `mi-` and 17.
    public let instanceID: String
    /// The host's own name.
    public var name: String
    public var tags: [String: String]

    public init(instanceID: String, name: String? = nil, tags: [String: String] = [:]) {
        self.instanceID = instanceID
        self.name = name ?? "\(instanceID).lab"
        self.tags = tags
    }

    /// A made-up instance id that is always the same for one number.
    public static func instanceID(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return "i-0c" + String(repeating: "0", count: max(0, 15 - digits.count)) + digits
    }
}
