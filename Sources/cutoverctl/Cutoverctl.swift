import ArgumentParser

/// Moves a fleet of tenants through a migration plan, one verified step at a time.
@main
struct Cutoverctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cutoverctl",
        abstract: "Moves a fleet of tenants through a migration plan, one verified step at a time.",
        discussion: """
            The plan, the fleet and the journal are named by --plan, --fleet and --journal, by CUTOVER_PLAN, CUTOVER_FLEET and
            CUTOVER_JOURNAL, or by a cutover.yaml in this folder.

            Exit codes: 0 done, 1 failed, 2 changes pending or drift, 3 a gate, an approval or a hold stands in the way,
            4 budget spent or partly done, 5 another operator holds the lease, 6 outcomes unknown, 64 wrong usage, 130 left at once.
            """,
        version: "cutoverctl 0.1.0",
        subcommands: [
            Lab.self, Lint.self, PreviewCommand.self, Apply.self, Adopt.self, Advance.self, Run.self, Revert.self, Check.self, Status.self, History.self, Why.self, Matrix.self,
            Exceptions.self, Resolve.self, Diff.self, RepairCommand.self, Approve.self, Attest.self, Waive.self, KeyCommand.self, ThrottleCommand.self, Recapture.self, Hold.self, Release.self, Abandon.self,
            Simulate.self, JournalCommand.self, FleetCommand.self, Host.self,
        ])
}
