import Cutover

extension Gate {
    /// A gate over one reading: what can't be read is unknown, never open.
    static func reading<R: Reading>(
        _ claim: String, clearedBy: Clearance = .time, _ operation: R, _ judge: @escaping @Sendable (R.Result, Sight) -> Verdict
    ) -> Gate {
        Gate(claim, clearedBy: clearedBy, asks: [operation]) { sight in
            do throws(StepFailure) { return judge(try await sight.ask(operation), sight) } catch { return .unknown(error.what) }
        }
    }
}

extension Sight {
    /// The newest consent to `topic`.
    func consent(to topic: String) -> Consent? { consents.last { $0.topic == topic } }
}

/// Evidence facts from a value's own fields.
func facts(_ pairs: KeyValuePairs<String, Any>) -> Evidence {
    Evidence(Dictionary(uniqueKeysWithValues: pairs.map { ($0.key, "\($0.value)") }))
}
