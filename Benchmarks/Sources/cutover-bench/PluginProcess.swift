import Foundation
import HTTP
import LabKit

/// The lab's plugin as a process of its own: this program in another role.
struct PluginProcess: Sendable {
    static let role = "plugin"
    let pid: pid_t
    let url: String

    static func start(database: String) async throws -> PluginProcess {
        let listen = "127.0.0.1:\(try freePort())"
        let plugin = PluginProcess(pid: try Child.start(role, [database, listen, String(getpid())]), url: "http://\(listen)")
        for _ in 0..<500 {
            if let answer = try? await HTTPClient().send(HTTPRequest("GET", "\(plugin.url)/v1/health")), answer.status == 200 { return plugin }
            try await Task.sleep(for: .milliseconds(20))
        }
        plugin.stop()
        throw Trouble("the plugin does not become healthy")
    }

    func stop() { Child.stop(pid) }

    /// Ends with the program that started it, however that ends.
    static let main: @Sendable ([String]) async throws -> Void = { words in
        guard words.count == 3, let parent = Int32(words[2]) else { throw Trouble("plugin DATABASE LISTEN PARENT") }
        Child.endWith(parent)
        let status = await PluginProgram.run(environment: ["MEMORY_PLUGIN_DATABASE_URL": words[0], "MEMORY_PLUGIN_LISTEN_ADDR": words[1]])
        if status != 0 { throw Trouble("the plugin ended with \(status)") }
    }

    static func freePort() throws -> Int {
        let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(handle) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let found = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(handle, $0, length) == 0 && getsockname(handle, $0, &length) == 0 }
        }
        guard found else { throw Trouble("no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
