/// The instances that Systems Manager has heard of, whole. Those that were stopped are not among them.
public struct SSMInstances: Sendable {
    public struct Instance: Sendable, Equatable {
        public let id: String
        public let region: String
        /// `Online`, `ConnectionLost`, or another word of AWS's.
        public let ping: String?
        public let computer: String?
        public let address: String?
    }

    private let settings: SSMSettings
    private let credentials: any AWSCredentialSource

    public init(settings: SSMSettings, credentials: any AWSCredentialSource) {
        self.settings = settings
        self.credentials = credentials
    }

    /// - Parameter regions: the settings' own as well, where it names one.
    public func list(in regions: Set<String>) async throws -> [Instance] {
        let all = regions.union([settings.region].compactMap { $0 })
        guard !all.isEmpty else { throw NoRegion() }
        var found: [Instance] = []
        for region in all.sorted() {
            let client = SSMClient(region: region, settings: settings, credentials: credentials)
            var next: String?
            repeat {
                let answer: DescribeInstanceInformation.Answer
                do { answer = try await client.ask(DescribeInstanceInformation(filters: nil, next: next)) } catch { throw NotListed(description: "in \(region): \(error.detail)") }
                found += (answer.instances ?? []).map { Instance(id: $0.id, region: region, ping: $0.ping, computer: $0.computer, address: $0.address) }
                next = answer.next
            } while next != nil
        }
        return found.sorted { $0.id < $1.id }
    }

    struct NotListed: Error, CustomStringConvertible {
        let description: String
    }

    struct NoRegion: Error, CustomStringConvertible {
        var description: String { "no region is named: add `region:` to a tenant in the fleet file, or set AWS_REGION" }
    }
}
