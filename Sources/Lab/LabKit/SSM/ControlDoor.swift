import Foundation

/// What tests set and ask, beside the service: it is not AWS's.
///
/// `GET /lab/faults`, `PUT /lab/faults` (the whole of it), `GET /lab/calls`, `GET /lab/runs`.
struct ControlDoor {
    let temper: SSMTemper
    let book: SSMBook

    func answer(_ asked: SSMAsked) async -> SSMReply {
        switch (asked.method, asked.path) {
        case ("GET", "/lab/faults"): return .json(200, Self.json(temper.faults))
        case ("PUT", "/lab/faults"):
            guard let new = Self.faults(asked.body) else { return .json(400, ["message": "these are no faults"]) }
            temper.change { $0 = new }
            return .json(200, Self.json(new))
        case ("GET", "/lab/calls"): return .json(200, .object(temper.calls.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: JSONValue($0.value)) }))
        case ("GET", "/lab/runs"):
            return .json(200, .array(await book.runs.map { ["command": .string($0.command), "instance": .string($0.instance)] }))
        default: return .json(404, ["message": "no such door"])
        }
    }

    // MARK: - Non public

    /// What is left out is as it is without any fault.
    private static func faults(_ body: [UInt8]) -> LabSSMFaults? {
        guard case .object(let given)? = try? JSONReader.read(body), case .object(let usual) = json(LabSSMFaults()) else { return nil }
        let known = usual.map(\.name)
        guard given.allSatisfy({ known.contains($0.name) }) else { return nil }
        let whole = JSONValue.object(usual.filter { one in !given.contains { $0.name == one.name } } + given)
        return try? JSONDecoder().decode(LabSSMFaults.self, from: Data(whole.text.utf8))
    }

    private static func json(_ faults: LabSSMFaults) -> JSONValue {
        (try? JSONReader.read([UInt8](JSONEncoder().encode(faults)))) ?? .null
    }
}
