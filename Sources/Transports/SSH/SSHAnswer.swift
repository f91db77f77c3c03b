import Foundation

/// What came back of a remote script, and how far it had got.
struct SSHAnswer: Sendable {
    /// More than any program of ours says.
    private static let limit = 16 << 20

    let mark: String
    private var rawOutput: [UInt8] = []
    /// Standard error as it came: what the client and the host's login said, our own lines, and what the program said.
    private var rawErrors: [UInt8] = []
    private var ended: Int?
    private var isOutputWhole = false
    /// The script was told to go, and may have had all of its input.
    private(set) var wasReady = false
    private(set) var isEndless = false
    /// Nothing holds the script's streams any more.
    private(set) var isFree = false
    /// Something was said behind the end.
    private(set) var isNoisy = false
    var isLate = false
    /// Why the client did not run.
    var noClient = ""

    init(mark: String) { self.mark = mark }

    mutating func hearOutput(_ chunk: [UInt8]) {
        guard !isOutputWhole else { return isNoisy = true }
        let end = RemoteScript.outputEnd(mark)
        // Only where it can have come with this chunk: what a host says a byte at a time would be read over and over.
        let start = max(0, rawOutput.count - end.utf8.count)
        rawOutput += chunk
        if let found = rawOutput.place(of: end, from: start) {
            isOutputWhole = true
            isNoisy = isNoisy || rawOutput.count > found + end.utf8.count
            rawOutput.removeSubrange(found...)
        }
        isEndless = isEndless || rawOutput.count > Self.limit
    }

    mutating func hearErrors(_ chunk: [UInt8]) {
        guard !isFree else { return isNoisy = true }
        let end = RemoteScript.ended(mark)
        // The longest of our lines, with any exit code.
        let start = max(0, rawErrors.count - end.utf8.count - 12)
        rawErrors += chunk
        wasReady = wasReady || rawErrors.place(of: RemoteScript.ready(mark), from: start) != nil
        if ended == nil, let found = rawErrors.place(of: end, from: start) {
            let rest = rawErrors[(found + end.utf8.count)...].prefix(12)
            if let line = rest.firstIndex(of: UInt8(ascii: "\n")) { ended = Int(String(decoding: rest[..<line], as: UTF8.self)) }
        }
        let free = RemoteScript.free(mark)
        if ended != nil, let found = rawErrors.place(of: free, from: start) {
            isFree = true
            isNoisy = isNoisy || rawErrors.count > found + free.utf8.count
        }
        isEndless = isEndless || rawErrors.count > Self.limit
    }

    /// The exit code of what ran there, once its whole output is here; nil where nobody told.
    var code: Int? { isOutputWhole && !isEndless ? ended : nil }

    /// Nothing more is to come that anybody needs.
    var isOver: Bool { code != nil || isEndless }

    /// Neither the client nor the host said anything.
    var isSilent: Bool { rawErrors.isEmpty && !isLate }

    /// No program stands where one should.
    var isAbsent: Bool { text.contains(RemoteScript.absent(mark)) }

    var output: String { String(decoding: rawOutput, as: UTF8.self) }

    /// What the program wrote on standard error; before it was ready, what the client and the login said.
    var errors: String {
        var said = text[...]
        if let ready = said.range(of: RemoteScript.ready(mark)) { said = said[ready.upperBound...] }
        if let end = said.range(of: RemoteScript.ended(mark), options: .backwards) { said = said[..<end.lowerBound] }
        return String(said)
    }

    /// Why there is no exit code.
    var trouble: String {
        if isEndless { return "the answer is larger than anything a program of ours says" }
        let said = errors.split(separator: "\n").joined(separator: "; ")
        return [isLate ? "no answer in time" : noClient.isEmpty ? "the connection ended" : "ssh could not be run: \(noClient)", said].filter { !$0.isEmpty }.joined(separator: ": ")
    }

    private var text: String { String(decoding: rawErrors, as: UTF8.self) }
}

extension [UInt8] {
    /// Where that stands first, from an index on.
    fileprivate func place(of text: String, from start: Int) -> Int? {
        withUnsafeBytes { all -> Int? in
            var text = text
            return text.withUTF8 { sought -> Int? in
                guard let base = all.baseAddress, let needle = sought.baseAddress else { return nil }
                var place = start
                while all.count - place >= sought.count, let found = memchr(base + place, Int32(sought[0]), all.count - place - sought.count + 1) {
                    place = UnsafeRawPointer(found) - base
                    if memcmp(found, needle, sought.count) == 0 { return place }
                    place += 1
                }
                return nil
            }
        }
    }
}
