import Foundation

/// Hands out loopback ports nobody listens on, below the range from which the system takes ports for outgoing connections.
struct FreePorts {
    private var next: Int
    private var taken: Set<Int>

    /// - Parameter taken: ports promised already, whether or not anybody listens yet.
    init(mark: String, taken: Set<Int>) {
        next = 20_000 + (Int(mark, radix: 16) ?? 0) % 110 * 110
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
}
