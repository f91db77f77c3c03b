/// The copy in a process of its own, whose memory can be told from the benches'.
enum CopyingProcess {
    static let role = "copy"

    /// Copies everything of the database named, then says the most memory it had, in MiB.
    @Sendable static func main(_ arguments: [String]) async throws {
        guard let url = arguments.first else { throw Trouble("copy wants a URL") }
        _ = try await Copying(url: url).rowsPerSecond()
        print(try Child.peakMiB())
    }
}
