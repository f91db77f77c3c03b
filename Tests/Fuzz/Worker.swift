import CutoverTestKit
import Foundation
import Simulation

/// Gives one target input after input, within limits; ended by a signal where one of them breaks it. The input under way always lies in a file.
struct Worker {
    private let target: Target
    private let seconds: Double
    private let seed: UInt64
    private let corpus: [[UInt8]]
    private let under: Int32

    /// `TARGET SECONDS SEED CORPUS FILE`; no seconds: the corpus and what is nasty by design, once each.
    init(_ words: [String]) throws {
        guard words.count == 5, let seconds = Double(words[1]), let seed = UInt64(words[2]), let target = try Target.named(words[0]).first else { throw Misuse(what: "a worker is begun by fuzz itself") }
        (self.target, self.seconds, self.seed) = (target, seconds, seed)
        corpus = try Corpus(words[3]).inputs(of: target.name).map(\.bytes)
        under = open(words[4], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard under >= 0 else { throw Misuse(what: "\(words[4]) can't be written") }
    }

    func run() async throws -> Never {
        Self.limit()
        var done = 0
        if seconds == 0 {
            for input in corpus { await give(input, &done) }
            for nasty in target.readsText ? Nasty.all : [] { await give(nasty.bytes, &done, nasty.name) }
        } else {
            var chance = Chance(seed: seed)
            let known = corpus.isEmpty ? [[UInt8]()] : corpus
            let end = ContinuousClock.now + .seconds(seconds)
            while ContinuousClock.now < end {
                let mutated = Mutation.of(known[chance.number(below: known.count)], among: known, words: target.words, &chance)
                await give(chance.number(below: 4) == 0 ? mutated : target.mend(mutated), &done)
            }
        }
        print("\(target.name): \(done) inputs, \(Self.peakMebibytes) MiB at most")
        exit(0)
    }

    private func give(_ input: [UInt8], _ done: inout Int, _ name: String = "an input") async {
        let began = clock()
        ftruncate(under, 0)
        _ = input.withUnsafeBytes { pwrite(under, $0.baseAddress, $0.count, 0) }
        // Of work, whoever else is at work on this machine.
        var limit = itimerval(it_interval: timeval(), it_value: timeval(tv_sec: target.mostSeconds, tv_usec: 0))
        setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &limit, nil)
        alarm(UInt32(3 * target.mostSeconds))
        await target.read(input)
        alarm(0)
        done += 1
        let took = (clock() - began) / Int(CLOCKS_PER_SEC)
        if took > 1 {
            print("\(target.name): \(name), \(input.count) bytes: \(took) s")
            fflush(nil)
        }
    }

    /// In bytes of address space: what is asked for beyond that is refused, and ends the process. A sanitizer takes terabytes of it for itself.
    private static func limit() {
        if !Sanitizer.isOn {
            var most = rlimit(rlim_cur: 3 << 30, rlim_max: 3 << 30)
            setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &most)
        }
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    }

    private static var peakMebibytes: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss / 1024
    }
}
