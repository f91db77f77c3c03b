import Simulation

/// Turns one input into another that is almost like it.
enum Mutation {
    static let mostBytes = 1 << 18

    static func of(_ input: [UInt8], among corpus: [[UInt8]], words: [String], _ chance: inout Chance) -> [UInt8] {
        var bytes = input
        for _ in 0...chance.number(below: 6) { bytes = step(bytes, corpus, words, &chance) }
        return Array(bytes.prefix(mostBytes))
    }

    private static func step(_ bytes: [UInt8], _ corpus: [[UInt8]], _ words: [String], _ chance: inout Chance) -> [UInt8] {
        var bytes = bytes
        let place = chance.number(below: bytes.count + 1)
        switch chance.number(below: 10) {
        case 0 where !bytes.isEmpty: bytes[place % bytes.count] ^= 1 << UInt8(chance.number(below: 8))
        case 1 where !bytes.isEmpty: bytes[place % bytes.count] = [0, 0x0A, 0x0D, 0x1B, 0x20, 0x7F, 0x80, 0xC0, 0xFF][chance.number(below: 9)]
        case 2: bytes.insert(contentsOf: words[chance.number(below: words.count)].utf8, at: place)
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + 1 + chance.number(below: 40)))
        case 4: bytes = Array(bytes[..<place])
        // The same again, now and then many times over.
        case 5:
            let piece = Array(bytes[place..<min(bytes.count, place + 1 + chance.number(below: 60))])
            let times = chance.number(below: 20) == 0 ? 1 + chance.number(below: 3000) : 1 + chance.number(below: 4)
            for _ in 0..<times where bytes.count < mostBytes { bytes.insert(contentsOf: piece, at: min(place, bytes.count)) }
        case 6:
            let other = corpus[chance.number(below: corpus.count)]
            let from = chance.number(below: other.count + 1)
            bytes.insert(contentsOf: other[from..<min(other.count, from + 1 + chance.number(below: 200))], at: place)
        case 7:
            let other = corpus[chance.number(below: corpus.count)]
            bytes = Array(bytes[..<place]) + other[min(other.count, place)...]
        // A number becomes another.
        case 8:
            guard let start = bytes[place...].firstIndex(where: { (48...57).contains($0) }) else { break }
            let end = bytes[start...].firstIndex { !(48...57).contains($0) } ?? bytes.count
            let numbers = ["0", "-1", "9223372036854775807", "-9223372036854775808", "18446744073709551616", "1e400", "999999999999999", String(repeating: "9", count: 400)]
            bytes.replaceSubrange(start..<end, with: Array(numbers[chance.number(below: numbers.count)].utf8))
        // A line moves.
        default:
            var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            if lines.count > 1 { lines.swapAt(chance.number(below: lines.count), chance.number(below: lines.count)) }
            bytes = Array(lines.joined(separator: [0x0A]))
        }
        return bytes
    }
}
