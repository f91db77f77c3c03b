/// An image, named by the digest of its manifest: a tag may be another image tomorrow.
public struct ImageReference: Sendable, Equatable, CustomStringConvertible {
    /// `repository@sha256:…`, without a tag.
    public let text: String
    public var description: String { text }

    /// Throws unless `text` names a digest.
    public init(_ text: String) throws(HostFault) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts[1].wholeMatch(of: #/sha256:[0-9a-f]{64}/#) != nil, parts[0].wholeMatch(of: #/[a-z0-9][A-Za-z0-9._\/:\-]*/#) != nil else {
            throw HostFault.said("the image \(text) is not named by its digest: write REPOSITORY@sha256:… with 64 hexadecimal digits")
        }
        // A port's colon stands before a slash, a tag's after the last one.
        var repository = parts[0]
        if let colon = repository.lastIndex(of: ":"), !repository[colon...].contains("/") { repository = String(repository[..<colon]) }
        self.text = "\(repository)@\(parts[1])"
    }
}
