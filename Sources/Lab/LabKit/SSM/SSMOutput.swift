/// What is left of a program's output on its way through the service.
enum SSMOutput {
    static let outputLimit = 24_000
    static let errorsLimit = 8_000
    static let listLimit = 2_500

    /// The beginning, with a mark where there was more.
    static func cut(_ bytes: [UInt8], to limit: Int) -> String {
        let suffix = "--output truncated--"
        guard bytes.count >= limit else { return text(bytes[...]) }
        return text(bytes.prefix(limit - suffix.utf8.count)) + suffix
    }

    /// Both streams in one, as lists of invocations show them.
    static func joined(_ output: String, _ errors: String) -> String {
        let (out, err) = (Array(output.utf8), Array(errors.utf8))
        let (cutOut, cutErr) = ("\n---Output truncated---", "\n---Error truncated----")
        let title = err.isEmpty ? "" : "\n----------ERROR-------\n"
        let room = listLimit - title.utf8.count
        if out.count + err.count < room { return output + title + errors }
        if out.count > room / 2, err.count > room / 2 {
            let half = (room - cutOut.utf8.count - cutErr.utf8.count) / 2
            return text(out.prefix(half)) + cutOut + title + text(err.prefix(half)) + cutErr
        }
        if out.count < room / 2 { return output + title + text(err.prefix(room - cutErr.utf8.count - out.count)) + cutErr }
        return text(out.prefix(room - cutOut.utf8.count - err.count)) + cutOut + title + errors
    }

    /// Bytes that are no text are replaced, as anything is that has to go into JSON.
    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}
