import Crypto
import Foundation

/// A workspace's bearer token: the SHA-256 of the tenant's secret, a colon and the workspace's id, in lowercase hex.
public enum WorkspaceToken {
    public static func make(secret: String, workspace: String) -> String {
        Hex.text(SHA256.hash(data: Data("\(secret):\(workspace)".utf8)))
    }
}

enum Hex {
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
