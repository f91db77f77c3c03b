enum SecondLab {
    @Sendable static func run(_ stage: Stage) async throws { throw Trouble("not written") }
}
