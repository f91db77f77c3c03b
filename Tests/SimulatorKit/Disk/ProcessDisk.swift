import Host

/// A simulated disk as one process has it: each change is a moment at which the process can die, and a dead one changes nothing.
struct ProcessDisk: HostDisk {
    let disk: SimulatedDisk
    let process: HostProcess

    func open(_ path: String, for purpose: FilePurpose) throws(HostFault) -> any WritableFile {
        try process.touch("open \(path)")
        let (file, wasEmpty) = try disk.open(path, purpose)
        return OpenFile(disk: disk, process: process, path: path, file: file, wasEmpty: wasEmpty)
    }

    func read(_ path: String) throws(HostFault) -> [UInt8]? {
        try process.live()
        return try disk.read(path)
    }

    func rename(_ path: String, to new: String) throws(HostFault) {
        try process.touch("rename to \(new)")
        try disk.rename(path, to: new)
    }

    func remove(_ path: String) throws(HostFault) {
        try process.touch("remove \(path)")
        try disk.remove(path)
    }

    func state(ofFolder path: String) -> FolderState { disk.folder(path) }

    func makeFolder(_ path: String) throws(HostFault) {
        try process.touch("make folder \(path)")
        try disk.makeFolder(path)
    }

    func syncFolder(_ path: String) throws(HostFault) {
        try process.touch("sync folder \(path)")
        try disk.syncFolder(path)
    }

    func tryLock(_ path: String) throws(HostFault) -> (any HeldLock)? {
        try process.live()
        guard disk.tryLock(path, by: process.number) else { return nil }
        return Lock(disk: disk, path: path, process: process.number)
    }

    private struct OpenFile: WritableFile {
        let disk: SimulatedDisk
        let process: HostProcess
        let path: String
        let file: Int
        let wasEmpty: Bool

        func write(_ bytes: [UInt8]) throws(HostFault) {
            try process.touch("write \(path)")
            try disk.write(bytes, to: file, path)
        }

        func sync() throws(HostFault) {
            try process.touch("sync \(path)")
            try disk.sync(file, path)
        }

        func close() {}
    }

    private final class Lock: HeldLock {
        let disk: SimulatedDisk
        let path: String
        let process: Int32
        init(disk: SimulatedDisk, path: String, process: Int32) {
            self.disk = disk
            self.path = path
            self.process = process
        }
        deinit { disk.unlock(path, by: process) }
    }
}
