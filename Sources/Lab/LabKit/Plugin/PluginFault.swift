/// A way the plugin can be told to be broken, for tests.
enum PluginFault: String, Sendable {
    /// Every write that carries no metadata (namespaces) or propagation (memories) answers 500.
    case nullMetadata = "null-metadata-500"
    /// Memories for a namespace that holds none answer 500, as when its row was never made.
    case freshNamespace = "fresh-namespace"
    /// Memories are answered with 201 and not stored.
    case lie
    /// Everything but its health answers 500.
    case broken
    /// Every answer but its health is cut off in the middle, whole by its length.
    case truncate
    /// No fault: an unknown namespace is answered with 404, as the contract is written.
    case notFound = "not-found"
    /// No fault: an empty result is an empty list, as the contract is written.
    case emptyList = "empty-list"
}
