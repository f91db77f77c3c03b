/// What a comparison knows of time, and how it waits for rows in flight. Tests have their own.
package struct ParityClock: Sendable {
    package var now: @Sendable () -> ContinuousClock.Instant = { .now }
    /// Seconds.
    package var pause: @Sendable (Double) async throws -> Void = { try await Task.sleep(for: .seconds($0)) }
}
