import Cutover
import Foundation

/// A remote script as a command of Systems Manager carries it: its input in the text, its answer kept in a folder on the host.
///
/// Systems Manager may run a command twice, and keeps 24,000 characters of what it prints. So the first run keeps the whole answer under
/// the delivery's own name, a further one finds it there and runs nothing, and what is longer is fetched in parts. The answer begins with
/// a line that carries its lengths and digest. The agent's exit codes with a meaning of their own are never used: ours is always 0.
struct SSMScript: Sendable {
    /// Largest answer, of both streams together, in bytes. More than any program of ours says.
    static let answerLimit = 16 << 20
    /// Characters of an answer that are printed at once: beside the first line, less than Systems Manager keeps.
    static let printed = 23_000
    /// Bytes of input that go in one command: in base64, with the script around them, well under 64 KB.
    static let piece = 30_000
    private static let keptMinutes = 180

    let inner: RemoteScript
    /// The folder on the host in which answers are kept.
    let folder: String
    /// Longer inputs are sent ahead, in pieces.
    let input: [UInt8]
    /// Marks of earlier deliveries whose answers are not needed any more.
    let done: [String]

    init(_ inner: RemoteScript, in folder: String, input: [UInt8] = [], done: [String] = []) {
        self.inner = inner
        self.folder = folder
        self.input = input
        self.done = done
    }

    var mark: String { inner.mark }

    /// The pieces to be sent ahead: each as a script that may run any number of times.
    var pieces: [String] {
        guard input.count > Self.piece else { return [] }
        return stride(from: 0, to: input.count, by: Self.piece).enumerated().map { number, start in
            let name = "\"$dir/in/\(String(format: "%06d", number))\""
            let text = Data(input[start..<min(start + Self.piece, input.count)]).base64EncodedString()
            return opening + """
                mkdir -p "$dir/in" || trouble "no folder of its own on the host"
                base64 -d >\(name).$$ <<'CUTOVER' && mv -f \(name).$$ \(name) || trouble "no room for the input on the host"
                \(text)
                CUTOVER
                echo "$mark piece"

                """
        }
    }

    var text: String {
        let words = inner.words.map(RemoteScript.quoted).joined(separator: " ")
        let arrival = input.count > Self.piece
            ? """
            cat "$dir"/in/* >"$dir/input" 2>/dev/null
            test "$(sha256sum <"$dir/input" | cut -c1-64)" = \(Digest.sha256(input)) || trouble "the input did not arrive whole"
            """
            : """
            base64 -d >"$dir/input" <<'CUTOVER'
            \(Data(input).base64EncodedString())
            CUTOVER
            """
        return opening + """
            \(done.isEmpty ? ":" : "rm -rf " + done.map(place).joined(separator: " "))
            find "${dir%/*}" -maxdepth 1 -name 'cutover-ssm-*' -mmin +\(Self.keptMinutes) -exec rm -rf {} + 2>/dev/null
            for tool in base64 gzip sha256sum; do command -v $tool >/dev/null 2>&1 || trouble "the host has no $tool"; done
            mkdir -p "$dir" || trouble "no folder of its own on the host"
            exec 9>"$dir/lock"; command -v flock >/dev/null 2>&1 && flock 9
            if [ ! -e "$dir/done" ]; then
            \(arrival)
            test -s "$dir/input" || test \(input.count) -eq 0 || trouble "no room for the input on the host"
            set -- \(words)
            echo "${SSM_COMMAND_ID:-}" >"$dir/started"; began=$(date +%s)
            (
            exec 9>&-
            \(inner.body)
            ) <"$dir/input" >"$dir/out" 2>"$dir/err"
            code=$?; took=$(($(date +%s) - began))
            out=$(($(wc -c <"$dir/out"))); err=$(($(wc -c <"$dir/err")))
            if [ $((out + err)) -gt \(Self.answerLimit) ]; then : >"$dir/packed"; else cat "$dir/out" "$dir/err" | gzip -c | base64 | tr -d '\\n' >"$dir/packed"; fi
            rm -rf "$dir/in" "$dir/input" "$dir/out" "$dir/err"
            echo "$mark ended $code $took $out $err $(($(wc -c <"$dir/packed"))) $(sha256sum <"$dir/packed" | cut -c1-64)" >"$dir/done.new"
            mv -f "$dir/done.new" "$dir/done"
            fi
            \(Self.telling)

            """
    }

    /// Asks what became of it, and changes nothing.
    var question: String {
        opening + """
            if [ -e "$dir/done" ]; then
            \(Self.telling)
            elif [ -e "$dir/started" ]; then echo "$mark begun"; else echo "$mark nowhere"; fi

            """
    }

    /// Prints the answer from a character of it on, counted from 0.
    func part(from offset: Int) -> String {
        opening + """
            test -e "$dir/done" || trouble "the answer is not kept any more"
            printf '%s part ' "$mark"; tail -c +\(offset + 1) "$dir/packed" | head -c \(Self.printed); echo

            """
    }

    private static let telling = #"cat "$dir/done"; head -c \#(printed) "$dir/packed"; echo"#

    /// Where the answer of a delivery is kept.
    private func place(_ mark: String) -> String { "\(RemoteScript.quoted(folder))/cutover-ssm-\(mark.split(separator: "-", maxSplits: 1).last ?? "")" }

    private var opening: String {
        """
        exec 2>/dev/null; umask 077
        mark=\(mark); dir=\(place(mark))
        trouble() { echo "$mark trouble $1"; exit 0; }

        """
    }
}
