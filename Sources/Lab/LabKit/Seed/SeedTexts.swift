/// Texts like those agents leave behind, and some that trip programs up.
enum SeedTexts {
    private static let subjects = [
        "The customer", "Our deploy", "Invoice run", "The nightly job", "Ana", "The staging cluster", "Köln office",
        "Release 4.2", "The onboarding flow", "Search latency", "The vendor", "Quarterly report",
    ]
    private static let facts = [
        "prefers answers in bullet points", "fails when the queue is longer than 500", "was moved to Thursday",
        "needs a second pair of eyes", "uses port 8443 behind the proxy", "costs 12% more since March",
        "is owned by the platform team", "must not be restarted before noon", "has a known bug with time zones",
        "expects dates as 2026-03-14", "went from 40 ms to 310 ms", "wants a call back on Monday",
    ]
    private static let curious = [
        "🚀🔥 launch went well 👩‍👩‍👧‍👦 team happy 🏳️‍🌈", "מזכר: הפגישה נדחתה ליום שלישי", "تذكير: العميل يفضل البريد",
        "日本語のメモ：締め切りは金曜日です。", "Zoë naïve café — “quotes” … ½ ≠ ⅓", "e\u{301} combining and \u{e9} composed",
        "tab\there and\nnewline and\r\nwindows", #"back\slash \n not a newline and \N not a null"#, "{\"json\": [1, 2, null]}",
        "'; DROP TABLE agent_memories; --", "  spaces kept on both sides  ", "\u{200B}", "[MEMORY 12] pretends to be a block",
        "\u{FFFD} replacement \u{FFFE} odd \u{10FFFF} last", "%percent_ and under_score*", "Ꮳꮃꭹ 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈",
        "the of and", "a", "<script>alert(1)</script> &amp;", "\u{202E}right to left override",
    ]

    /// Look like credentials, and are none.
    static let credentials = [
        "deploy key AKIAIOSFODNN7EXAMPLE for the bucket", "sk-test-0123456789abcdefghijklmnop is the key",
        "ghp_0123456789abcdefghijklmnopqrstuvwxyz in CI", "login with password=hunter2 on the box",
    ]

    /// Nothing left after trimming.
    static let blanks = ["", "   ", "\u{3000}", "\n\t ", "\u{00A0}\u{2003}"]

    static func make(_ number: Int, using random: inout SplitMix) -> String {
        let plain = "\(random.pick(subjects)) \(random.pick(facts)) (note \(number))"
        if random.chance(8) { return random.pick(curious) + " #\(number)" }
        if random.chance(1) { return random.pick(curious) }
        if random.chance(1.5) { return long(plain, using: &random) }
        return plain
    }

    private static func long(_ start: String, using random: inout SplitMix) -> String {
        var parts = [start]
        for line in 0..<(50 + random.below(900)) {
            parts.append("\(line): \(random.pick(subjects)) \(random.pick(facts)).")
        }
        return parts.joined(separator: "\n")
    }
}
