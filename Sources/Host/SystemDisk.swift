import Foundation

/// The file system of the machine that this process runs on.
struct SystemDisk: HostDisk {
    func open(_ path: String, for purpose: FilePurpose) throws(HostFault) -> any WritableFile {
        switch purpose {
        case .writingAnew(let mode, let owner):
            // Whatever stands there under that name, somebody's link to another file too, is not written through.
            unlink(path)
            let file = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
            guard file >= 0 else { throw HostFault.file(path, errno) }
            if let code = Self.dress(file, mode, owner) {
                Glibc.close(file)
                unlink(path)
                throw HostFault.file(path, code)
            }
            return SystemFile(file: file, path: path, wasEmpty: true)
        case .addingToTheEnd:
            let file = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0o600)
            guard file >= 0 else { throw HostFault.file(path, errno) }
            var status = stat()
            return SystemFile(file: file, path: path, wasEmpty: fstat(file, &status) != 0 || status.st_size == 0)
        }
    }

    /// The error's number; nil when it went well.
    private static func dress(_ file: Int32, _ mode: UInt32, _ owner: (user: UInt32, group: UInt32)?) -> Int32? {
        if let owner, owner.user != geteuid() || owner.group != getegid() {
            guard fchown(file, owner.user, owner.group) == 0 else { return errno }
        }
        // The creation mask does not apply to what was asked for.
        return fchmod(file, mode) == 0 ? nil : errno
    }

    func read(_ path: String) throws(HostFault) -> [UInt8]? { try read(path, 0) }

    /// Nor does a pipe in its place keep anybody waiting.
    func readOwn(_ path: String) throws(HostFault) -> [UInt8]? { try read(path, O_NOFOLLOW | O_NONBLOCK) }

    private func read(_ path: String, _ flags: Int32) throws(HostFault) -> [UInt8]? {
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC | flags)
        if file < 0 {
            if errno == ENOENT { return nil }
            throw HostFault.file(path, errno)
        }
        defer { Glibc.close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw HostFault.file(path, errno)
            }
            bytes += buffer[..<count]
        }
    }

    func flaw(of folder: String) -> String? { StateFolder.flaw(onThisMachine: folder) }

    func rename(_ path: String, to new: String) throws(HostFault) {
        guard Glibc.rename(path, new) == 0 else { throw HostFault.file(new, errno) }
    }

    func remove(_ path: String) throws(HostFault) {
        guard unlink(path) == 0 || errno == ENOENT else { throw HostFault.file(path, errno) }
    }

    func state(ofFolder path: String) -> FolderState {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return .absent }
        guard let folder = opendir(path) else { return .filled }
        defer { closedir(folder) }
        // Two entries are its own name and that of the folder it lies in.
        for _ in 0..<3 where readdir(folder) == nil { return .empty }
        return .filled
    }

    func makeFolder(_ path: String) throws(HostFault) {
        if mkdir(path, 0o700) == 0 { return }
        let code = errno
        guard code == EEXIST, state(ofFolder: path) != .absent else { throw HostFault.file(path, code) }
    }

    func syncFolder(_ path: String) throws(HostFault) {
        let file = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw HostFault.file(path, errno) }
        defer { Glibc.close(file) }
        guard fsync(file) == 0 else { throw HostFault.file(path, errno) }
    }

    func removeStrays(of path: String) {
        let name = path.hasSuffix("/") ? "" : path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
        guard let listing = opendir(DurableFile.folder(of: path)) else { return }
        defer { closedir(listing) }
        while let entry = readdir(listing) {
            let found = withUnsafePointer(to: &entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) } }
            guard found.hasSuffix(".new") else { continue }
            let parts = found.dropLast(4).split(separator: ".", omittingEmptySubsequences: false)
            // A process of another pid namespace must not write here beside us: it would seem to be gone.
            guard let pid = parts.last.flatMap({ Int32($0) }), name.isEmpty || parts.dropLast().joined(separator: ".") == name, kill(pid, 0) != 0, errno == ESRCH else { continue }
            unlinkat(dirfd(listing), found, 0)
        }
    }

    func removeStrays(inFoldersOf path: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] { removeStrays(of: "\(path)/\(name)/") }
    }

    func tryLock(_ path: String) throws(HostFault) -> (any HeldLock)? {
        let file = Glibc.open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw HostFault.file(path, errno) }
        if flock(file, LOCK_EX | LOCK_NB) == 0 { return SystemLock(file: file) }
        let code = errno
        Glibc.close(file)
        if code == EWOULDBLOCK { return nil }
        throw HostFault.file(path, code)
    }
}

private struct SystemFile: WritableFile {
    let file: Int32
    let path: String
    let wasEmpty: Bool

    func write(_ bytes: [UInt8]) throws(HostFault) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress?.advanced(by: written), bytes.count - written) }
            if count < 0 {
                if errno == EINTR { continue }
                throw HostFault.file(path, errno)
            }
            written += count
        }
    }

    func sync() throws(HostFault) {
        guard fsync(file) == 0 else { throw HostFault.file(path, errno) }
    }

    func close() { Glibc.close(file) }
}

private final class SystemLock: HeldLock {
    private let file: Int32
    init(file: Int32) { self.file = file }
    deinit { close(file) }
}
