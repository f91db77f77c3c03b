import CrashPoints
import Cutover

extension RemoteAction {
    /// A crash point of its delivery. A reading has none: it changes nothing.
    func reached(_ stage: String) { CrashPoint.reached(operationClass == .reading ? nil : "delivery of \(kind) \(stage)") }

    private var kind: String { (try? CanonicalJSON.value(HostRequest.self, from: String(decoding: input, as: UTF8.self)))?.kind.text ?? "something" }
}
