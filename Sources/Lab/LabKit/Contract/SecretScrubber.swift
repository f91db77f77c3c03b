/// Takes credentials out of a text before it is stored, leaving a word in their place.
enum SecretScrubber {
    static func scrub(_ text: String) -> String {
        text
            .replacing(#/AKIA[0-9A-Z]{16}/#, with: "[REDACTED]")
            .replacing(#/\bsk-[A-Za-z0-9_\-]{16,}/#, with: "[REDACTED]")
            .replacing(#/\bgh[pousr]_[A-Za-z0-9]{20,}/#, with: "[REDACTED]")
            .replacing(#/(?i)\b(password|passwd|secret|token)=\S+/#) { "\($0.output.1)=[REDACTED]" }
    }
}
