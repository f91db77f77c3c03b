import Foundation

/// Hands out loopback ports nobody listens on, below the range from which the system takes ports for outgoing connections.
///
/// Each lab begins in a block of its own, claimed in a folder that all labs of the machine share: most of a lab's ports are promised long
/// before anybody listens, and one of them never is listened on.
struct FreePorts {
    private var next: Int
    private var taken: Set<Int>

    /// - Parameter taken: ports promised already, whether or not anybody listens yet.
    init(_ layout: LabLayout, taken: Set<Int>) {
        next = 20_000 + Self.block(layout) * Self.blockSize
        self.taken = taken
    }

    mutating func take() -> Int {
        for _ in 0..<12_000 {
            next = next >= 32_200 ? 20_000 : next + 1
            if !taken.contains(next), Self.isFree(next) {
                taken.insert(next)
                return next
            }
        }
        fatalError("no free port between 20000 and 32200")
    }

    static func isFree(_ port: Int) -> Bool {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr = in_addr(s_addr: INADDR_ANY)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    // MARK: - Non public

    private static let claims = "/tmp/cutover-lab-ports"
    private static let (blocks, blockSize) = (110, 110)

    /// The block that this lab has claimed, or the first from its own mark on that no other lab holds.
    private static func block(_ layout: LabLayout) -> Int {
        let first = (Int(layout.mark, radix: 16) ?? 0) % blocks
        mkdir(claims, 0o1777)
        chmod(claims, 0o1777)
        // Whoever cannot open it goes without: another account's labs are then told from ours by their open ports alone.
        let lock = open("\(claims)/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o666)
        fchmod(lock, 0o666)
        flock(lock, LOCK_EX)
        defer { close(lock) }
        return (0..<blocks).lazy.map { (first + $0) % blocks }.first { claim($0, for: layout.root) } ?? first
    }

    private static func claim(_ block: Int, for root: String) -> Bool {
        let path = "\(claims)/\(block)"
        if let holder = try? String(contentsOfFile: path, encoding: .utf8) {
            if holder == root { return true }
            guard isGone(holder, since: path), unlink(path) == 0 else { return false }
        }
        return (try? root.write(toFile: path, atomically: false, encoding: .utf8)) != nil
    }

    /// The lab that made this claim is no more. A lab claims before its folder is there, so a young claim holds.
    private static func isGone(_ root: String, since path: String) -> Bool {
        guard let claimed = try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date,
            -claimed.timeIntervalSinceNow > 120
        else { return false }
        return !FileManager.default.fileExists(atPath: root)
    }
}
