public import Cutover

/// What hosts in memory can do, by kind of operation. Each acts on the things of one host.
public struct ScriptedOperations: Sendable {
    public typealias Things = [String: String]
    typealias Handler = @Sendable (String, inout Things) -> Result<String, StepFailure>

    private var handlers: [OperationKind: Handler] = [:]

    public init() {}

    public mutating func on<Operation: HostOperation>(
        _ type: Operation.Type, _ act: @escaping @Sendable (Operation, inout Things) throws(StepFailure) -> Operation.Result
    ) {
        handlers[Operation.kind] = { payload, things in
            guard let operation = try? CanonicalJSON.value(Operation.self, from: payload) else {
                return .failure(StepFailure("\(Operation.kind) came in an unknown form", effect: .nothingChanged, next: "mend the test"))
            }
            do {
                return .success(try CanonicalJSON.text(try act(operation, &things)))
            } catch {
                let failure = StepFailure("the result of \(Operation.kind) cannot be written: \(error)", effect: .unknown, next: "mend the test")
                return .failure(error as? StepFailure ?? failure)
            }
        }
    }

    func handler(for kind: OperationKind) -> Handler? { handlers[kind] }
}
