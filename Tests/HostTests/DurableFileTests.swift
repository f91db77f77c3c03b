import Foundation
import Testing

@testable import Host

@Suite("durable files") struct DurableFileTests {
    let folder: Folder

    init() throws { folder = try Folder() }

    private func mode(_ name: String) -> UInt32 {
        var status = stat()
        stat(folder.file(name), &status)
        return status.st_mode & 0o777
    }

    @Test("a file is replaced as a whole and nothing is left beside it")
    func write() throws {
        for text in ["first, and longer", "second", ""] {
            try DurableFile.write(text, to: folder.file("a"))
            #expect(try DurableFile.read(folder.file("a")) == text)
        }
        #expect(folder.names == ["a"])
        #expect(mode("a") == 0o600)
    }

    @Test("who has the old file open goes on reading the old one")
    func atomic() throws {
        try DurableFile.write("old", to: folder.file("a"))
        let open = try #require(FileHandle(forReadingAtPath: folder.file("a")))
        try DurableFile.write("new", to: folder.file("a"))
        #expect(try open.readToEnd() == Data("old".utf8))
    }

    /// A number that no process has.
    private static let nobody = Int32.max

    @Test("what somebody left who was killed while he wrote goes with the next write, and what somebody is writing stays")
    func strays() throws {
        let (dead, living) = ("a.\(Self.nobody).new", "a.\(getppid()).new")
        for name in [dead, living, "b.\(Self.nobody).new", "a.old.\(Self.nobody).new"] { try folder.write("half", to: name) }
        try DurableFile.write("whole", to: folder.file("a"))
        #expect(folder.names.sorted() == ["a", living, "a.old.\(Self.nobody).new", "b.\(Self.nobody).new"].sorted())
        DurableFile.removeStrays(in: folder.path)
        #expect(folder.names.sorted() == ["a", living].sorted())
    }

    @Test("a file that is only to be made is not written over, and nothing is left beside it")
    func create() throws {
        try DurableFile.create("mine", at: folder.file("a"))
        #expect(throws: HostFault.file(folder.file("a"), EEXIST)) { try DurableFile.create("another's", at: folder.file("a")) }
        #expect(try DurableFile.read(folder.file("a")) == "mine")
        #expect(folder.names == ["a"])
        #expect(mode("a") == 0o600)
    }

    @Test("a large text is written and read whole")
    func large() throws {
        let text = String(repeating: "0123456789abcdeé\n", count: 20_000)
        try DurableFile.write(text, to: folder.file("a"))
        #expect(try DurableFile.read(folder.file("a")) == text)
    }

    @Test("a file that is not there reads as nothing, and one that can't be read is a fault")
    func absent() throws {
        #expect(try DurableFile.read(folder.file("a")) == nil)
        #expect(throws: HostFault.self) { try DurableFile.read(folder.path) }
    }

    @Test("a file can't be written into a folder that is not there, and the fault names the path")
    func noFolder() throws {
        let fault = #expect(throws: HostFault.self) { try DurableFile.write("x", to: folder.file("no/a")) }
        #expect(fault?.description.contains("no/a") == true)
        #expect(throws: HostFault.self) { try DurableFile.append(line: "x", to: folder.file("no/a")) }
    }

    @Test("lines are added to the end")
    func append() throws {
        try DurableFile.append(line: "one", to: folder.file("a"))
        try DurableFile.append(line: "two", to: folder.file("a"))
        #expect(try DurableFile.read(folder.file("a")) == "one\ntwo\n")
        #expect(mode("a") == 0o600)
    }

    @Test("removing twice and making a folder twice are harmless")
    func twice() throws {
        for _ in 0..<2 { try DurableFile.makeFolder(folder.file("b/c")) }
        try DurableFile.write("x", to: folder.file("b/c/d"))
        for _ in 0..<2 { try DurableFile.remove(folder.file("b/c/d")) }
        #expect(folder.names == ["b", "b/c"])
    }
}

@Suite("locks") struct FileLockTests {
    @Test("a lock is held by one, until he lets it go")
    func exclusive() async throws {
        let folder = try Folder()
        var first = try FileLock.tryTake(folder.file("lock"))
        #expect(first != nil)
        #expect(try FileLock.tryTake(folder.file("lock")) == nil)
        #expect(try await FileLock.take(folder.file("lock"), within: 0.05) == nil)
        withExtendedLifetime(first) {}
        first = nil
        // A process begun by another test holds a copy of the lock until it has become its program.
        #expect(try await FileLock.take(folder.file("lock"), within: 30) != nil)
    }

    @Test("who waits gets the lock when it is let go")
    func waits() async throws {
        let folder = try Folder()
        let path = folder.file("lock")
        var first = try FileLock.tryTake(path)
        withExtendedLifetime(first) {}
        async let second = FileLock.take(path, within: 30)
        first = nil
        #expect(try await second != nil)
    }

    @Test("a lock that can't be made is a fault")
    func noFolder() { #expect(throws: HostFault.self) { try FileLock.tryTake("/nonexistent/lock") } }
}
