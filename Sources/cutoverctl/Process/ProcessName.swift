import Cutover
import Foundation

/// A process by a name that no other ever has: boot, pid, and the moment that pid began. Leases are held under it.
struct ProcessName: Sendable, Equatable, CustomStringConvertible {
    let boot: String
    let pid: Int32
    let began: String

    var description: String { "\(boot)/\(pid)/\(began)" }

    init(boot: String, pid: Int32, began: String) {
        self.boot = boot
        self.pid = pid
        self.began = began
    }

    /// Nil unless `text` has the three parts.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let pid = Int32(parts[1]), !parts[0].isEmpty, !parts[2].isEmpty else { return nil }
        self.init(boot: parts[0], pid: pid, began: parts[2])
    }

    static var mine: ProcessName {
        let pid = getpid()
        let boot = thisBoot ?? "no-boot-id"
        // Without /proc the name is still never used twice; only nobody can tell that its process has died.
        return ProcessName(boot: boot, pid: pid, began: beginning(of: pid) ?? Digest.hex(SystemRandom().bytes(8)))
    }

    /// Whether this process is known to have ended. A process of another boot or machine never is: its lease has to run out.
    var isGone: Bool {
        guard let thisBoot = Self.thisBoot, boot == thisBoot else { return false }
        return Self.beginning(of: pid) != began
    }

    static func holder() -> LeaseHolder {
        LeaseHolder(name: mine.description, seconds: 15) { ProcessName($0)?.isGone ?? false }
    }

    /// The boot, and the pid namespace in it: a pid of another container can't be looked up here, so it must not seem to be gone.
    private static var thisBoot: String? {
        guard let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8),
            let space = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
        else { return nil }
        return "\(boot.trimmingCharacters(in: .whitespacesAndNewlines)):\(space.filter(\.isNumber))"
    }

    /// In clock ticks since boot: the 22nd field, counted after the command's closing bracket, for a command can hold blanks.
    private static func beginning(of pid: Int32) -> String? {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8), let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        // A zombie has ended; only its parent has not looked yet.
        guard fields.count > 19, fields[0] != "Z" else { return nil }
        return String(fields[19])
    }
}
