/// A way the plugin can be told to be broken, for tests.
enum PluginFault: String, Sendable {
    /// Every write that carries no metadata (namespaces) or propagation (memories) answers 500.
    case nullMetadata = "null-metadata-500"
    /// Memories for a namespace that holds none answer 500, as when its row was never made.
    case freshNamespace = "fresh-namespace"
    /// Memories are answered with 201 and not stored.
    case lie
}
