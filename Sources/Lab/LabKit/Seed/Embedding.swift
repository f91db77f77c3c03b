import Crypto
import Foundation

/// Vectors as pgvector writes them, and their digest: equal for equal numbers, however they are written.
enum Embedding {
    static func text(_ numbers: [Float]) -> String {
        "[\(numbers.map { $0 == $0.rounded() ? String(Int($0)) : String($0) }.joined(separator: ","))]"
    }

    static func numbers(_ text: String) -> [Float] {
        text.dropFirst().dropLast().split(separator: ",").map { Float($0) ?? .nan }
    }

    static func digest(_ numbers: [Float]) -> String {
        var bytes = Data(capacity: numbers.count * 4)
        for number in numbers { withUnsafeBytes(of: (number + 0).bitPattern.littleEndian) { bytes.append(contentsOf: $0) } }
        return Hex.text(SHA256.hash(data: bytes).prefix(16))
    }
}
