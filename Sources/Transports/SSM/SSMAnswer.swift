import Crypto
import Foundation

/// What a script's output says about its answer.
enum SSMAnswer: Sendable, Equatable {
    /// It ended; the answer's text follows as far as there was room.
    case ended(Ending, text: [UInt8])
    /// It began, and has not ended so far.
    case begun
    /// It never began on this host.
    case nowhere
    /// It did not begin, and why.
    case trouble(String)
    /// A piece of the input lies there.
    case piece
    case part([UInt8])

    struct Ending: Sendable, Equatable {
        let code: Int
        /// Seconds, by the host's clock.
        let took: Int
        let outputBytes: Int
        let errorBytes: Int
        /// Of the whole answer's text.
        let characters: Int
        let digest: String
    }

    /// Nil where there is no line of ours. What comes before it is noise of the host's own.
    static func read(_ output: String, mark: String) -> SSMAnswer? {
        guard let start = output.range(of: "\(mark) ") else { return nil }
        let said = output[start.upperBound...]
        let line = said.prefix { !$0.isNewline }
        let words = line.split(separator: " ")
        switch words.first {
        case "begun": return .begun
        case "nowhere": return .nowhere
        case "piece": return .piece
        case "trouble": return .trouble(words.dropFirst().joined(separator: " "))
        case "part": return .part(base64(words.dropFirst().first ?? ""))
        case "ended":
            let numbers = words[1...].prefix(5).compactMap { Int($0) }
            // Sizes are a host's own word: what could not be one is no line of ours. A clock that was set back takes less than no time.
            let sizes = 0...1 << 40
            guard words.count == 7, numbers.count == 5, words[6].count == 64, numbers[2...].allSatisfy(sizes.contains), numbers[4] <= 2 * SSMScript.answerLimit
            else { return nil }
            let ending = Ending(
                code: numbers[0], took: numbers[1], outputBytes: numbers[2], errorBytes: numbers[3], characters: numbers[4], digest: String(words[6]))
            return .ended(ending, text: Array(base64(said[line.endIndex...].drop { $0.isNewline }).prefix(ending.characters)))
        default: return nil
        }
    }

    /// As far as it is base64: where Systems Manager cuts an output off, it says so in its place.
    private static func base64(_ text: Substring) -> [UInt8] {
        Array(text.utf8.prefix { ($0 >= 65 && $0 <= 90) || ($0 >= 97 && $0 <= 122) || ($0 >= 48 && $0 <= 57) || $0 == 43 || $0 == 47 || $0 == 61 })
    }
}

extension SSMAnswer.Ending {
    var isEndless: Bool { outputBytes + errorBytes > SSMScript.answerLimit }

    /// Both streams, unpacked from the whole text; nil if that is damaged.
    func unpack(_ text: [UInt8]) -> (output: [UInt8], errors: [UInt8])? {
        guard text.count == characters, SHA256.hash(data: text).map({ String(format: "%02x", $0) }).joined() == digest,
            let packed = Data(base64Encoded: Data(text)), let plain = Gzip.unpack([UInt8](packed), bytes: outputBytes + errorBytes)
        else { return nil }
        return (Array(plain.prefix(outputBytes)), Array(plain.dropFirst(outputBytes)))
    }
}
