public import Cutover

/// What a reading sees of its host.
public struct HostSight: Sendable {
    public let tenant: TenantID
    public let statePath: String
    public let envPath: String
    private let container: ContainerEnvironment?

    public init(tenant: TenantID, statePath: String, envPath: String, container: ContainerEnvironment? = nil) {
        self.tenant = tenant
        self.statePath = statePath
        self.envPath = envPath
        self.container = container
    }

    /// With the environment of the container that the env file names, if it names one.
    public static func asking(tenant: TenantID, statePath: String, envPath: String) async -> HostSight {
        HostSight(tenant: tenant, statePath: statePath, envPath: envPath, container: await .named(in: envPath))
    }

    /// Asks the container again, whose environment may be another by now; for whoever looks at a host for long.
    public func refresh() async { await container?.refresh() }

    public var evidence: EvidenceLedger { EvidenceLedger(statePath: statePath, redaction: .of(self)) }

    public func env() throws(StepFailure) -> EnvFile {
        let file: EnvFile
        do { file = try EnvFile.read(envPath) } catch {
            throw StepFailure("\(error)", effect: .nothingChanged, next: "check the tenant's env: path in the fleet file")
        }
        guard let container else { return file }
        do { return file.with(try container.variables()) } catch {
            throw StepFailure("\(error)", effect: .nothingChanged, next: "name a container that is there as \(ContainerEnvironment.variable) in \(envPath) on the host")
        }
    }
}

/// What an exercise or a writing operation may touch on its host.
public struct HostHand: Sendable {
    public let sight: HostSight
    public let operation: OperationID
    public let fence: Int
    public let journal: JournalID

    public init(sight: HostSight, operation: OperationID, fence: Int, journal: JournalID) {
        self.sight = sight
        self.operation = operation
        self.fence = fence
        self.journal = journal
    }
}

/// The host's half of a reading.
public protocol ReadsOnHost: Reading {
    func read(_ host: HostSight) async throws -> Result
}

/// The host's half of an exercise.
public protocol TriesOnHost: Exercising {
    func attempt(_ host: HostHand) async throws -> Result
}

/// The host's half of a writing operation. Must accept being run again over half-done work, as its `once` declares.
public protocol ActsOnHost: Writing {
    func act(_ host: HostHand) async throws -> Result
}

/// The operations this build can carry out, by kind and class.
public struct HostOperationBook: Sendable {
    struct Handler: Sendable {
        let operationClass: OperationClass
        let once: Once?
        let run: @Sendable (HostRequest, HostHand) async throws -> String
    }
    private(set) var handlers: [OperationKind: Handler] = [:]
    /// What processes of their own carry out, by name: the order's payload in, the result as JSON out.
    private(set) var works: [String: @Sendable (String, HostHand) async throws -> String] = [:]

    package var accord: (any KeepsAccord)?

    public init() {}

    public mutating func add(work name: String, _ run: @escaping @Sendable (String, HostHand) async throws -> String) {
        precondition(works[name] == nil, "two works are called \(name)")
        works[name] = run
    }

    public mutating func add<R: ReadsOnHost>(_ type: R.Type) {
        add(R.kind, .reading) { try await CanonicalJSON.value(type, from: $0.payload).read($1.sight) }
    }

    public mutating func add<X: TriesOnHost>(_ type: X.Type) {
        add(X.kind, .exercising) { try await CanonicalJSON.value(type, from: $0.payload).attempt($1) }
    }

    public mutating func add<W: ActsOnHost>(_ type: W.Type) {
        add(W.kind, .writing, W.once) { try await CanonicalJSON.value(type, from: $0.payload).act($1) }
    }

    mutating func add<R: Reading>(_ type: R.Type, _ read: @escaping @Sendable (HostSight) async throws -> R.Result) {
        add(R.kind, .reading) { try await read($1.sight) }
    }

    mutating func add<W: Writing>(_ type: W.Type, _ act: @escaping @Sendable (HostHand) async throws -> W.Result) {
        add(W.kind, .writing, W.once) { try await act($1) }
    }

    /// The same operations, each carried out inside of `surround`, behind the host's lock where there is one.
    package func within(
        _ surround: @escaping @Sendable (HostRequest, _ carryOut: @escaping @Sendable () async throws -> String) async throws -> String
    ) -> HostOperationBook {
        var book = self
        book.handlers = handlers.mapValues { handler in
            Handler(operationClass: handler.operationClass, once: handler.once) { request, hand in
                try await surround(request) { try await handler.run(request, hand) }
            }
        }
        return book
    }

    /// What stands in for the host's half of an operation: its payload in, its result as JSON out.
    package mutating func add(
        _ kind: OperationKind, _ operationClass: OperationClass, once: Once? = nil, _ run: @escaping @Sendable (String, HostHand) async throws -> String
    ) {
        precondition(handlers[kind] == nil, "two host operations are called \(kind)")
        handlers[kind] = Handler(operationClass: operationClass, once: once) { try await run($0.payload, $1) }
    }

    private mutating func add<Result: Encodable & Sendable>(
        _ kind: OperationKind, _ operationClass: OperationClass, _ once: Once? = nil, _ run: @escaping @Sendable (HostRequest, HostHand) async throws -> Result
    ) {
        precondition(handlers[kind] == nil, "two host operations are called \(kind)")
        handlers[kind] = Handler(operationClass: operationClass, once: once) { try CanonicalJSON.text(try await run($0, $1)) }
    }
}
