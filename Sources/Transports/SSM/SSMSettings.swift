import Foundation

/// How Systems Manager is reached and asked.
public struct SSMSettings: Sendable {
    /// For hosts whose entry in the fleet file names none.
    public var region: String?
    /// In place of Amazon's own address of the region.
    public var endpoint: String?
    /// Where hosts fetch the program or bundle from, with `{digest}` in the place of its SHA-256.
    public var programURL: String?

    /// Calls a second, in one region, for all that this process asks.
    public var callsPerSecond = 10.0
    /// So many at once after a rest.
    public var callsInABurst = 20.0
    /// The first look at what became of a command, and the least time between two looks.
    public var lookMilliseconds = 1000
    /// The first pause after a refusal that may pass, before chance makes it shorter; it doubles up to 20 s.
    public var pauseMilliseconds = 500
    /// A command that has not begun by then does not begin. AWS wants at least 30.
    public var deliverySeconds = 60
    /// Beyond the operation's own time: the host ends it there first, and tells.
    public var graceSeconds = 30
    /// How often the list of commands is searched for one whose answer was lost.
    public var searches = 4
    /// Where hosts keep answers for some hours, each under a name of its own that only its commands know.
    public var answersFolder = "/var/tmp"
    /// What every simple client does when an answer is lost. Never set but by the test that must see it fail.
    var resendsBlindly = false

    /// - Parameter environment: the operator's, with the names that AWS's own tools use, and `CUTOVER_PROGRAM_URL`.
    public init(environment: [String: String]) {
        func said(_ names: String...) -> String? { names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty } }
        let profiles = try? AWSProfiles(environment: environment)
        region = said("AWS_REGION", "AWS_DEFAULT_REGION") ?? profiles.flatMap { $0[$0.name]?["region"] }
        if environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]?.lowercased() != "true" { endpoint = said("AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL") }
        programURL = said("CUTOVER_PROGRAM_URL")
    }
}
