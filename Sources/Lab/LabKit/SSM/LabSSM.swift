import Foundation

/// AWS Systems Manager as far as Run Command goes, on loopback: an endpoint that speaks `ssm/2014-11-06`, and an agent for each host that
/// really runs what it is sent, on this machine.
public final class LabSSM: Sendable {
    /// `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL_SSM`.
    public let endpoint: String
    public let region: String
    /// Those whose signatures count; the first is as good as any.
    public let keys: [LabSSMKey]
    public let hosts: [LabSSMHost]
    /// Where the agents keep what they were sent and what came of it.
    public let folder: String

    private let temper: SSMTemper
    private let book: SSMBook
    private let server: Task<Void, any Error>
    private let ownsFolder: Bool

    /// Listens when this returns; throws when the port cannot be had.
    ///
    /// - Parameters:
    ///   - port: 0 for one of the system's choice.
    ///   - folder: the agents' own; a temporary one, removed by `stop`, where none is given.
    ///   - files: a folder whose files are handed out at `/files/NAME`, without a signature.
    public static func start(
        hosts: [LabSSMHost], port: Int = 0, region: String = "eu-central-1", keys: [LabSSMKey] = [.random()], faults: LabSSMFaults = LabSSMFaults(),
        folder: String? = nil, files: String? = nil
    ) async throws -> LabSSM {
        let place = folder ?? NSTemporaryDirectory() + "lab-ssm-\(UUID().uuidString)"
        let temper = SSMTemper(faults)
        let book = SSMBook(temper: temper, region: region, folder: place)
        let desk = SSMDesk(hosts: SSMHosts(hosts), book: book, temper: temper, signature: SSMSignature(keys: keys, region: region), files: files)
        let (ports, tell) = AsyncThrowingStream.makeStream(of: Int.self)
        let server = Task {
            do {
                try await SSMFront(answer: desk.answer).serve(port: port) { tell.yield($0) }
                tell.finish()
            } catch {
                tell.finish(throwing: error)
                throw error
            }
        }
        var listening = ports.makeAsyncIterator()
        guard let bound = try await listening.next() else { throw Spawn.Failed(description: "the endpoint ended before it listened") }
        return LabSSM(bound, region, keys, hosts, place, folder == nil, temper, book, server)
    }

    private init(
        _ port: Int, _ region: String, _ keys: [LabSSMKey], _ hosts: [LabSSMHost], _ folder: String, _ ownsFolder: Bool, _ temper: SSMTemper, _ book: SSMBook,
        _ server: Task<Void, any Error>
    ) {
        endpoint = "http://127.0.0.1:\(port)"
        (self.region, self.keys, self.hosts, self.folder, self.ownsFolder) = (region, keys, hosts, folder, ownsFolder)
        (self.temper, self.book, self.server) = (temper, book, server)
    }

    /// Kills what the agents run, and listens no more.
    public func stop() async {
        await book.close()
        server.cancel()
        _ = await server.result
        if ownsFolder { try? FileManager.default.removeItem(atPath: folder) }
    }

    /// What a client needs to find its way here.
    public var environment: [String: String] {
        var found = ["AWS_ENDPOINT_URL_SSM": endpoint, "AWS_REGION": region, "AWS_DEFAULT_REGION": region]
        guard let key = keys.first else { return found }
        found["AWS_ACCESS_KEY_ID"] = key.accessKeyID
        found["AWS_SECRET_ACCESS_KEY"] = key.secretAccessKey
        found["AWS_SESSION_TOKEN"] = key.sessionToken
        return found
    }

    public var faults: LabSSMFaults { temper.faults }

    public func change(_ body: (inout LabSSMFaults) -> Void) { temper.change(body) }

    /// How often each operation was called.
    public var calls: [String: Int] { temper.calls }

    /// The command and the host of each time that an agent ran something.
    public var runs: [(command: String, instance: String)] {
        get async { await book.runs.map { ($0.command, $0.instance) } }
    }
}
