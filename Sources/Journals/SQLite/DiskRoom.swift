import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Whether there is room left on the disk that a journal lies on.
enum DiskRoom {
    /// What SQLite takes at once, beside the pages it writes.
    private static let needed = 64 << 10

    static func isLacking(at path: String) -> Bool {
        var stats = statvfs()
        guard statvfs(URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false), &stats) == 0 else { return false }
        return Int(stats.f_bavail) * Int(stats.f_frsize) < needed
    }
}
