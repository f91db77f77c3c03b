/// All that ever reaches a tenant: a value, carried to its host and run there by `cutoverctl host`.
public protocol HostOperation: Sendable, Codable {
    associatedtype Result: Sendable, Codable
    static var kind: OperationKind { get }
}

/// Changes nothing. May be asked by previews, gates and `verify`; its database session is read-only.
public protocol Reading: HostOperation {}

/// A journalled trial that cleans up after itself, its marker recorded before it runs. Never part of a preview or a gate.
public protocol Exercising: HostOperation {}

/// Changes the tenant.
public protocol Writing: HostOperation {
    static var once: Once { get }
}

/// Sets a limit or a mark and moves no data: harmless beside any step under way, so it may be sent without the tenant's lease.
public protocol Adjusting: Writing {}

/// What happens when an operation is delivered again after it was begun and its end was not recorded.
public enum Once: String, Sendable, Codable {
    /// Its SQL and its marker commit together: done again, it finds the marker.
    case transactional
    /// It sets a state: done again, it sets the same state.
    case convergent
    /// It is never begun twice: the second delivery is answered "unknown".
    case unrepeatable
}

public enum OperationClass: String, Sendable, Codable { case reading, exercising, writing }
