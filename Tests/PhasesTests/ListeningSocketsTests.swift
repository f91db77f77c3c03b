import Foundation
import Testing

@testable import Phases

@Suite("listening sockets", .serialized) struct ListeningSocketsTests {
    /// A socket that listens on `address` until it is closed.
    private func listen(_ family: Int32, _ address: String) throws -> (file: Int32, port: Int) {
        let file = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        var four = sockaddr_in()
        var six = sockaddr_in6()
        four.sin_family = sa_family_t(AF_INET)
        six.sin6_family = sa_family_t(AF_INET6)
        let parsed = family == AF_INET ? inet_pton(family, address, &four.sin_addr) : inet_pton(family, address, &six.sin6_addr)
        try #require(file >= 0 && parsed == 1)
        func named<Address>(_ value: inout Address) -> Int32 {
            withUnsafeMutablePointer(to: &value) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    var length = socklen_t(MemoryLayout<Address>.size)
                    guard bind(file, address, length) == 0, Glibc.listen(file, 1) == 0 else { return -1 }
                    return getsockname(file, address, &length)
                }
            }
        }
        try #require((family == AF_INET ? named(&four) : named(&six)) == 0)
        return (file, Int(UInt16(bigEndian: family == AF_INET ? four.sin_port : six.sin6_port)))
    }

    @Test("a listener is found at its own address, and on loopback it is told from one that all can reach", arguments: [
        (AF_INET, "127.0.0.1", "127.0.0.1", true), (AF_INET, "127.8.9.10", "127.8.9.10", true), (AF_INET, "0.0.0.0", "0.0.0.0", false),
    ])
    func found(family: Int32, address: String, text: String, isLoopback: Bool) throws {
        let (file, port) = try listen(family, address)
        let found = try ListeningSockets.addresses(port: port)
        close(file)
        // Others may listen on the same port at another address.
        #expect(found.filter { $0.text == text }.map(\.isLoopback) == [isLoopback])
    }

    @Test("an IPv6 listener is told likewise", .enabled(if: FileManager.default.fileExists(atPath: "/proc/net/if_inet6")), arguments: [
        ("::1", true), ("::", false), ("::ffff:127.0.0.1", true),
    ])
    func six(address: String, isLoopback: Bool) throws {
        let (file, port) = try listen(AF_INET6, address)
        let found = try ListeningSockets.addresses(port: port)
        close(file)
        #expect(found.filter { $0.hex.count == 32 }.map(\.isLoopback) == [isLoopback])
    }

    @Test("a port on which nobody listens has no addresses")
    func nobody() throws {
        let (file, port) = try listen(AF_INET, "127.77.7.7")
        close(file)
        #expect(try !ListeningSockets.addresses(port: port).contains { $0.text == "127.77.7.7" })
        #expect(try ListeningSockets.addresses(port: 0).isEmpty)
    }

    @Test("addresses are told from the kernel's own spelling", arguments: [
        ("0100007F", true), ("0200000A", false), ("00000000", false), ("00000000000000000000000001000000", true), ("00000000000000000000000000000000", false),
        ("0000000000000000FFFF00000100007F", true), ("0000000000000000FFFF00000200000A", false), ("000080FE00000000000000007F00007F", false),
    ])
    func spelling(hex: String, isLoopback: Bool) { #expect(ListeningSockets.Address(hex: hex).isLoopback == isLoopback) }

    @Test("the port of an address is its last part", arguments: [("127.0.0.1:9101", 9101), ("[::1]:80", 80), (":7", 7), ("nothing", 0)])
    func port(listen: String, port: Int) { #expect(portOf(listen) == port) }
}
