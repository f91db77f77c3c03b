import Cutover
import Foundation

/// How Systems Manager is reached and asked.
public struct SSMSettings: Sendable {
    /// For hosts whose entry in the fleet file names none.
    public var region: String?
    /// In place of Amazon's own address of the region.
    public var endpoint: String?
    /// Where hosts fetch the program or bundle from, with `{digest}` in the place of its SHA-256.
    public var programURL: String?

    /// Calls a second, in one region, for all that this process asks. The account's allowance is not published, and others share it.
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
    /// What of the operator's settings can't be heeded. Nothing is sent then.
    public var trouble: String?
    /// Where hosts keep answers for some hours, each under a name of its own that only its commands know.
    public var answersFolder = "/var/tmp"
    /// What every simple client does when an answer is lost. Never set but by the test that must see it fail.
    var resendsBlindly = false

    /// - Parameter environment: the operator's, with the names that AWS's own tools use, `CUTOVER_PROGRAM_URL`, and for an account that
    ///   allows another pace `CUTOVER_SSM_LOOK` (a time) and `CUTOVER_SSM_CALLS` (a number a second).
    public init(environment: [String: String]) {
        func said(_ names: String...) -> String? { names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty } }
        let profiles = try? AWSProfiles(environment: environment)
        region = said("AWS_REGION", "AWS_DEFAULT_REGION") ?? profiles.flatMap { $0[$0.name]?["region"] }
        if environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]?.lowercased() != "true" { endpoint = said("AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL") }
        programURL = said("CUTOVER_PROGRAM_URL")
        pace(look: said("CUTOVER_SSM_LOOK"), calls: said("CUTOVER_SSM_CALLS"))
    }

    private mutating func pace(look: String?, calls: String?) {
        if let look {
            if let time = Duration(shortForm: look), time >= .milliseconds(50), time <= .seconds(20) { lookMilliseconds = Int(time / .milliseconds(1)) } else {
                trouble = "CUTOVER_SSM_LOOK is '\(look)', and not a time from 50ms to 20s"
            }
        }
        if let calls {
            if let number = Double(calls), (0.1...1000).contains(number) { (callsPerSecond, callsInABurst) = (number, 2 * number) } else {
                trouble = "CUTOVER_SSM_CALLS is '\(calls)', and not a number of calls a second from 0.1 to 1000"
            }
        }
    }
}
