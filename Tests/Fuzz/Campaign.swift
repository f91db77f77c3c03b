import Foundation

/// The workers of one run, one after the other, and what became of each.
struct Campaign {
    private var targets: [Target] = []
    private var seconds = 10.0
    private var seed = UInt64.random(in: 1...999_999)
    private var corpus = Corpus(Corpus.own)
    private var keeps = true

    init(_ words: [String]) throws {
        var rest = words[...]
        guard let what = rest.popFirst() else { throw Misuse(what: "fuzz TARGET|all|replay [--seconds N] [--seed S] [--corpus FOLDER] [--throw-away]") }
        var name = what
        if what == "replay" {
            seconds = 0
            name = rest.first?.hasPrefix("--") == false ? rest.removeFirst() : "all"
        }
        targets = try Target.named(name)
        while let word = rest.popFirst() {
            if word == "--throw-away" {
                keeps = false
                continue
            }
            guard let value = rest.popFirst() else { throw Misuse(what: "\(word) wants a value") }
            switch word {
            case "--seconds": seconds = Double(value) ?? seconds
            case "--seed": seed = UInt64(value) ?? seed
            case "--corpus": corpus = Corpus(value)
            default: throw Misuse(what: "there is no \(word)")
            }
        }
    }

    /// True when nothing broke.
    func run() throws -> Bool {
        if seconds > 0 { print("seed \(seed), \(seconds) s over \(targets.count) targets") }
        var isWhole = true
        for target in targets where try !holds(target) { isWhole = false }
        return isWhole
    }

    private func holds(_ target: Target) throws -> Bool {
        let under = "\(NSTemporaryDirectory())/fuzz-\(getpid())-\(target.name)"
        defer { unlink(under) }
        let share = seconds / Double(targets.count)
        let status = try Self.ended([CommandLine.arguments[0], "worker", target.name, String(share), String(seed), corpus.folder, under])
        if status == 0 { return true }
        let input = FileManager.default.contents(atPath: under) ?? Data()
        let kept = keeps && seconds > 0 ? "; kept as \(try corpus.keep(input, of: target.name))" : "; it began: \(String(decoding: input.prefix(200), as: UTF8.self).debugDescription)"
        print("\(target.name): BROKE, \(Self.words(status)), on an input of \(input.count) bytes\(kept)")
        return false
    }

    /// How a process ended, as `waitpid` tells it.
    private static func ended(_ words: [String]) throws -> Int32 {
        fflush(nil)
        // Where it broke is told by whoever asks for it: SWIFT_BACKTRACE=enable=yes.
        setenv("SWIFT_BACKTRACE", "enable=no", 0)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid = pid_t()
        guard posix_spawn(&pid, "/proc/self/exe", nil, nil, &arguments, environ) == 0 else { throw Misuse(what: "a worker can't be begun") }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status
    }

    private static func words(_ status: Int32) -> String {
        switch status & 0x7F {
        case 0: "ended with \(status >> 8 & 0xFF)"
        case SIGPROF: "more work than one input may take"
        case SIGALRM: "no end"
        case SIGSEGV: "ended by SIGSEGV: nested too deep, or no memory"
        case let signal: "ended by signal \(signal)"
        }
    }
}
