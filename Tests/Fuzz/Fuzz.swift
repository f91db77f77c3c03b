import Foundation

/// Hostile input for whatever reads what others wrote: `fuzz TARGET|all [--seconds N] [--seed S] [--corpus FOLDER] [--keep]`, and
/// `fuzz replay [TARGET]`, which gives each target everything in the corpus and everything that is nasty by design, once.
///
/// The work is done by a process of its own with limits on memory and time, so that a crash, a hang and a bottomless answer are all seen
/// the same way: by how that process ended. What ended it is saved to the corpus and replayed by a test from then on.
@main
struct Fuzz {
    static func main() async {
        let words = Array(CommandLine.arguments.dropFirst())
        do {
            if words.first == "worker" { try await Worker(Array(words.dropFirst())).run() }
            exit(try Campaign(words).run() ? 0 : 1)
        } catch {
            FileHandle.standardError.write(Data("fuzz: \(error)\n".utf8))
            exit(64)
        }
    }
}

struct Misuse: Error, CustomStringConvertible {
    let what: String
    var description: String { what }
}
