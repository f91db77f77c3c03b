/// A folder that is a file system of its own, with the room given. Only root can make one.
public enum SmallDisk {
    /// - Parameter size: as `mount` takes it: `400k`.
    public static func mounted(at folder: String, size: String, while work: () async throws -> Void) async throws {
        try await EndedProgram.said("mount", "-t", "tmpfs", "-o", "size=\(size),mode=700", "tmpfs", folder)
        do { try await work() } catch {
            try await EndedProgram.said("umount", "-l", folder)
            throw error
        }
        try await EndedProgram.said("umount", "-l", folder)
    }

    public static func resize(_ folder: String, to size: String) async throws {
        try await EndedProgram.said("mount", "-o", "remount,size=\(size)", folder)
    }
}
