import Foundation

/// Where hosts fetch the program from that is put there. Its digest is checked on the host, so nobody need trust the way.
enum ProgramFetch {
    struct Failure: Error, CustomStringConvertible { let description: String }

    /// - Parameter url: `https:`, `http:` or `file:` (a share that is mounted on the host), with `{digest}` and `{machine}` (`x86_64`) in the
    ///   places of the program's. Whoever may see a command sees it, so it must not carry a secret.
    static func address(_ url: String, machine: String, digest: String) throws(Failure) -> String {
        let address = url.replacing("{digest}", with: digest).replacing("{machine}", with: machine)
        guard let colon = address.range(of: "://"), ["https", "http", "file"].contains(address[..<colon.lowerBound]) else {
            throw Failure(description: "CUTOVER_PROGRAM_URL is no https:, http: or file: address")
        }
        // A signed address, or one with a password, would be kept by Systems Manager for everyone who may list commands.
        guard !address.contains(where: { "?@#{}".contains($0) || $0.isWhitespace }) else {
            throw Failure(description: "CUTOVER_PROGRAM_URL must not hold a query or an account: commands of Systems Manager are kept and can be read")
        }
        return address
    }
}
