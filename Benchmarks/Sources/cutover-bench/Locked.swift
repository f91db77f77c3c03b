import Synchronization

/// A value that several tasks share.
final class Locked<Value: Sendable>: Sendable {
    private let value: Mutex<Value>
    init(_ value: Value) { self.value = Mutex(value) }
    func read<Read: Sendable>(_ body: (Value) -> Read) -> Read { value.withLock { body($0) } }
    func write(_ body: (inout Value) -> Void) { value.withLock { body(&$0) } }
}
