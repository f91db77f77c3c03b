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
    var isLate = false
    /// Why the client did not run.
    var noClient = ""

    init(mark: String) { self.mark = mark }

    mutating func hearOutput(_ chunk: [UInt8]) {
        rawOutput += chunk
        isOutputWhole = rawOutput.ends(with: RemoteScript.outputEnd(mark))
        isEndless = isEndless || rawOutput.count > Self.limit
    }

    mutating func hearErrors(_ chunk: [UInt8]) {
        // Only where it can have come with this chunk: what a host says a byte at a time would be read over and over.
        let ready = RemoteScript.ready(mark)
        let start = max(0, rawErrors.count - ready.utf8.count)
        rawErrors += chunk
        wasReady = wasReady || String(decoding: rawErrors[start...], as: UTF8.self).contains(ready)
        let last = String(decoding: rawErrors.suffix(80), as: UTF8.self)
        if last.hasSuffix("\n"), let end = last.range(of: RemoteScript.ended(mark), options: .backwards) { ended = Int(last[end.upperBound...].dropLast()) }
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

    var output: String { String(decoding: isOutputWhole ? rawOutput.dropLast(RemoteScript.outputEnd(mark).utf8.count) : rawOutput[...], as: UTF8.self) }

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
    fileprivate func ends(with text: String) -> Bool { suffix(text.utf8.count).elementsEqual(text.utf8) }
}
