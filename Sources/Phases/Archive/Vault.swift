import Archives
import Cutover
import DataPath
import Foundation
import HTTP
import Host
import Postgres

/// Where the archive lies, whom it is sealed to, and what opens it on the tenant's host. References are looked up there; no secret is in the plan.
struct Vault: Sendable, Codable, Equatable {
    /// `s3://bucket/prefix`, `host:ID:/path`, `mount:/path`, `/path`, or `env:NAME` for any of them but the second.
    let to: String
    /// Reference to 64 hexadecimal digits that seal and open; nil where there are only recipients.
    var key: String?
    /// Public keys by the name of who holds the other half: X25519, base64.
    var recipients: [String: String] = [:]
    /// Reference to a private key of one of the recipients: without it the host could not rehearse.
    var opens: String?
    /// Who accepted that the archive lies on the tenant's own host, and why; nil when nobody did.
    var onHost: String?
    /// References for an S3-compatible store; what is missing is looked up under AWS's own names.
    var s3: [String: String] = [:]

    enum Place: Sendable, Equatable {
        /// A path of which nothing is known: it counts as on the host.
        case directory(String)
        /// A path on a file system that another machine serves.
        case mount(String)
        case bucket(String, prefix: String)
        /// A host of the fleet file that is no tenant; sealed slices go there through the controller.
        case host(String, path: String)
    }

    /// Nil unless `text` names a place; `TENANT` in it becomes the tenant.
    static func place(_ text: String, _ tenant: TenantID) -> Place? {
        let text = text.replacing("TENANT", with: tenant.text)
        func path(_ text: Substring) -> String? { text.hasPrefix("/") && !text.split(separator: "/").contains("..") ? String(text) : nil }
        if text.hasPrefix("s3://") {
            let parts = text.dropFirst(5).split(separator: "/", maxSplits: 1).map(String.init)
            return parts.first.map { .bucket($0, prefix: parts.count > 1 ? parts[1] : "") }
        }
        if text.hasPrefix("host:") {
            let parts = text.dropFirst(5).split(separator: ":", maxSplits: 1)
            return parts.count == 2 ? path(parts[1]).map { .host(String(parts[0]), path: $0) } : nil
        }
        if text.hasPrefix("mount:") { return path(text.dropFirst(6)).map { .mount($0) } }
        return path(text[...]).map { .directory($0) }
    }

    /// The other host and the path there, when the plan names one. Only the controller can reach both.
    func otherHost(_ tenant: TenantID) -> (host: String, path: String)? {
        if case .host(let host, let path)? = Self.place(to, tenant) { (host, path) } else { nil }
    }

    func place(_ host: HostSight) throws -> Place {
        let text = try host.env().resolve(to)
        guard let place = Self.place(text, host.tenant) else {
            throw StepFailure("the archive's `to:` names no place", effect: .nothingChanged, next: "write s3://BUCKET/PREFIX, host:ID:/PATH, mount:/PATH or /PATH")
        }
        if to.hasPrefix("env:"), case .host = place {
            throw StepFailure("\(to) names another host, which only the plan itself can", effect: .nothingChanged, next: "write `to: host:ID:/PATH` in the plan")
        }
        return place
    }

    /// Where this host itself writes and reads; what goes to another host is sealed into a folder of our own first.
    func open(_ host: HostSight) throws -> any ArchivePlace {
        switch try place(host) {
        case .directory(let path): return DirectoryPlace(URL(fileURLWithPath: path))
        case .mount(let path):
            if let why = Mounts.whyNotElsewhere(path) { throw StepFailure("mount:\(path): \(why)", effect: .nothingChanged, next: "mount the other machine's file system there") }
            return DirectoryPlace(URL(fileURLWithPath: path))
        case .bucket(let bucket, let prefix): return S3Place(try self.bucket(bucket, host), prefix: prefix)
        case .host: return Shelf.outgoing.place(host)
        }
    }

    func sealedTo(_ host: HostSight) throws -> [ArchiveRecipient] {
        var all = try publicKeys().map(\.recipient)
        if let key { all.append(.shared(try bytes(key, host))) }
        return all
    }

    func opener(_ host: HostSight) throws -> ArchiveOpener {
        if let opens { return .privateKey(try bytes(opens, host)) }
        if let key { return .shared(try bytes(key, host)) }
        throw StepFailure("nothing on this host opens the archive", effect: .nothingChanged, next: "give the plan's archive an `opens:` or a `key:`")
    }

    func publicKeys() throws -> [(name: String, recipient: ArchiveRecipient)] {
        try recipients.sorted { $0.key < $1.key }.map { name, text in
            guard let bytes = Data(base64Encoded: text), bytes.count == 32 else {
                throw StepFailure("the public key of \(name) is not 32 bytes in base64", effect: .nothingChanged, next: "correct it in the plan")
            }
            return (name, .publicKey(Array(bytes)))
        }
    }

    /// Key ids with the names that the plan gives them.
    func told(_ ids: [String]) -> String {
        let names = Dictionary(uniqueKeysWithValues: ((try? publicKeys()) ?? []).map { ($0.recipient.id, $0.name) })
        return ids.map { id in "\(names[id] ?? "the host's own key") \(id)" }.joined(separator: ", ")
    }

    /// For previews, which look up nothing.
    var toldKeys: String {
        (((try? publicKeys()) ?? []).map { "\($0.name) \($0.recipient.id)" } + (key == nil ? [] : ["the host's own key"])).joined(separator: ", ")
    }

    // MARK: - Non public

    private func bytes(_ reference: String, _ host: HostSight) throws -> [UInt8] {
        let text: String
        if reference.hasPrefix("file:") {
            text = (try? String(contentsOfFile: String(reference.dropFirst(5)), encoding: .utf8)) ?? ""
        } else {
            text = try host.env().resolve(reference)
        }
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        let bytes = Hex.bytes(trimmed) ?? Data(base64Encoded: trimmed).map { Array($0) }
        guard let bytes, bytes.count == 32 else {
            throw StepFailure(
                "\(reference) is not 32 bytes, as 64 hexadecimal digits or in base64", effect: .nothingChanged, next: "correct it on the host")
        }
        return bytes
    }

    private func bucket(_ name: String, _ host: HostSight) throws -> S3Bucket {
        let env = try host.env()
        func value(_ key: String, _ usual: String) throws -> String { try env.resolve(s3[key] ?? "env:\(usual)") }
        func optional(_ key: String, _ usual: String) throws -> String? { try s3[key].map { try env.resolve($0) } ?? env[usual] }
        let keys = SigningKeys(
            region: try value("region", "AWS_REGION"), service: "s3", accessKeyID: try value("accessKeyID", "AWS_ACCESS_KEY_ID"),
            secretAccessKey: try value("secretAccessKey", "AWS_SECRET_ACCESS_KEY"), sessionToken: try optional("sessionToken", "AWS_SESSION_TOKEN"))
        return S3Bucket(endpoint: try optional("endpoint", "AWS_ENDPOINT_URL_S3"), bucket: name, keys: keys)
    }
}

/// Which file systems another machine serves.
enum Mounts {
    private static let remote: Set<String> = [
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "glusterfs", "lustre", "beegfs", "afs", "9p", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.rclone",
    ]

    /// Nil when `path` lies on one.
    static func whyNotElsewhere(_ path: String, mountinfo: String? = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)) -> String? {
        guard let mountinfo else { return "the mounts of this host cannot be read" }
        var best: (point: String, kind: String)?
        for line in mountinfo.split(separator: "\n") {
            let halves = line.split(separator: " - ", maxSplits: 1)
            let fields = halves[0].split(separator: " ")
            guard halves.count == 2, fields.count > 4, let kind = halves[1].split(separator: " ").first else { continue }
            let point = String(fields[4]).replacing("\\040", with: " ")
            guard path == point || point == "/" || path.hasPrefix(point + "/") else { continue }
            // A later mount on the same point hides the earlier one.
            if point.count >= best?.point.count ?? 0 { best = (point, String(kind)) }
        }
        guard let best else { return "it lies on no mount" }
        return remote.contains(best.kind) ? nil : "\(best.point) is \(best.kind), which is this host's own"
    }
}
