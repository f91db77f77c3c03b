import Cutover
import Simulation
import Testing

@Suite("marks of secrets") struct SecretMarksTests {
    @Test("what the marks of a pattern pass over, the pattern would not have found", arguments: 0..<20 as Range<UInt64>)
    func marks(seed: UInt64) {
        let pieces = [
            "://", "akia", "ASIA", "0123456789ABCDEF", "-----BEGIN ", "PRIVATE KEY-----", "-----END", "Authorization", ": ", "eyJ", "a.b.c", "Bearer ", "basic ", "abcdef", "PASSWORD", "passwd", "pwd",
            "Secret", "tok\u{212A}en", "to\u{212A}en", "api-\u{212A}ey", "PA\u{17F}SWORD", "token", "api_key", "\u{212A}EY", "key", "credential", "\u{17F}ignature", "signature", "=", " = ", "\"", "'", "@", "u:p@h", "http", "\n", "\r\n", " ", "é", "\u{0}", "x",
        ]
        var chance = Chance(seed: seed)
        for _ in 0..<200 {
            let text = (0..<Int.random(in: 0...8, using: &chance)).map { _ in pieces.randomElement(using: &chance) ?? "" }.joined()
            #expect(SecretShapes.blotted(text) == SecretShapes.blotted(text, tryingAll: true))
            #expect(SecretShapes.kind(of: text) == SecretShapes.kind(of: text, tryingAll: true))
        }
    }
}
