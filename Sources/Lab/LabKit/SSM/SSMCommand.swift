import Foundation

/// A command as the service keeps it.
struct SSMCommand: Sendable {
    /// A command on one host.
    struct Invocation: Sendable {
        let instance: String
        var report = SSMAgent.Report(status: "Pending", details: "Pending", code: -1)
        var began: Date?
        var ended: Date?

        var isOver: Bool { !["Pending", "InProgress", "Cancelling"].contains(report.status) }
        /// Counts to the errors after which nothing more is begun.
        var isError: Bool { report.details == "Failed" || report.details == "ExecutionTimedOut" }
    }

    let script: SSMScript
    let documentVersion: String
    let comment: String
    let parameters: JSONValue
    let instances: [String]
    let targets: JSONValue
    let requested: Date
    let timeoutSeconds: Int
    let maxConcurrency: String
    let maxErrors: String
    /// Its agents get it a second time.
    var isDuplicated = false
    /// Its agents restart while they run it.
    var meetsRestart = false
    var invocations: [Invocation]

    var id: String { script.command }
    var expires: Date { requested.addingTimeInterval(Double(timeoutSeconds + script.executionSeconds)) }
    var width: Int { max(1, Self.share(maxConcurrency, of: invocations.count)) }
    var errors: Int { invocations.count(where: \.isError) }
    var hasTooManyErrors: Bool { errors > Self.share(maxErrors, of: invocations.count) }

    subscript(instance: String) -> Invocation? { invocations.first { $0.instance == instance } }

    /// The whole command's status and its details; it says little of a single host's.
    var status: (String, String) {
        if invocations.isEmpty { return ("Success", "NoInstancesInTag") }
        if !invocations.allSatisfy(\.isOver) {
            if invocations.contains(where: { $0.report.status == "Cancelling" }) { return ("Cancelling", "Cancelling") }
            return invocations.allSatisfy({ $0.report.status == "Pending" }) ? ("Pending", "Pending") : ("InProgress", "InProgress")
        }
        if hasTooManyErrors {
            let isLate = invocations.contains { $0.report.details == "ExecutionTimedOut" } && !invocations.contains { $0.report.details == "Failed" }
            return isLate ? ("TimedOut", "ExecutionTimedOut") : ("Failed", "Failed")
        }
        if invocations.contains(where: { $0.report.status == "Cancelled" }) { return ("Cancelled", "Cancelled") }
        if invocations.allSatisfy({ $0.report.details == "DeliveryTimedOut" }) { return ("TimedOut", "DeliveryTimedOut") }
        return ("Success", invocations.allSatisfy { $0.report.status == "Success" } ? "Success" : "Incomplete")
    }

    /// `10`, or `10%` of so many.
    private static func share(_ text: String, of count: Int) -> Int {
        text.hasSuffix("%") ? (Int(text.dropLast()) ?? 0) * count / 100 : Int(text) ?? 0
    }
}
