/// A way the plugin can be told to be broken, for tests.
enum PluginFault: String, Sendable {
    /// Every write that carries no metadata (namespaces) or propagation (memories) answers 500.
    case nullMetadata = "null-metadata-500"
    /// Memories are answered with 201 and not stored.
    case lie
}
