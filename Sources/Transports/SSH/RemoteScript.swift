import Foundation

/// A program of the host's own shell around what is to run there.
///
/// It says `ready` and does nothing before it is told to go, so that what was never told to go was never begun, whether or not it reads
/// its input; and it says how the program ended, since the client's own exit code 255 may mean the connection or the program.
struct RemoteScript: Sendable {
    /// What our lines on standard error begin with; nothing that runs there knows it.
    let mark: String
    let body: String
    let words: [String]

    /// - Parameter body: shell text that gets `words` as `$1`…; its standard input is the action's.
    init(_ body: String, _ words: [String], mark: String? = nil) {
        self.mark = mark ?? "cutover-\(UUID().uuidString.prefix(13).lowercased())"
        self.body = body
        self.words = words
    }

    /// As the host's login shell reads it, whichever it is.
    var command: String {
        let script = """
            mark=$1; shift; echo "$mark ready" >&2
            read -r go && test "$go" = "$mark" || exit 1
            (
            \(body)
            )
            code=$?; printf '\\n%s end\\n' "$mark"; printf '\\n%s ended %s\\n' "$mark" "$code" >&2
            """
        return (["exec /bin/sh -c", Self.quoted(script), "cutover", mark] + words.map(Self.quoted)).joined(separator: " ")
    }

    /// What lets it begin, ahead of the input.
    var go: [UInt8] { Array("\(mark)\n".utf8) }

    // What it says, on standard error unless told otherwise.
    static func ready(_ mark: String) -> String { "\(mark) ready\n" }
    static func absent(_ mark: String) -> String { "\(mark) absent\n" }
    /// The exit code and the end of the line follow.
    static func ended(_ mark: String) -> String { "\n\(mark) ended " }
    /// On standard output.
    static func outputEnd(_ mark: String) -> String { "\n\(mark) end\n" }

    static func quoted(_ word: String) -> String { "'\(word.replacing("'", with: "'\\''"))'" }

    /// The tenant's own program, without anything of the session's environment.
    static func operation(_ hand: String, _ operationClass: String, within seconds: Int) -> RemoteScript {
        RemoteScript(
            """
            test -x "$1" || { echo "$mark absent" >&2; exit 3; }
            limit=; command -v timeout >/dev/null 2>&1 && limit="timeout -s KILL $3"
            exec $limit env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/nonexistent LC_ALL=C.UTF-8 "$1" host "$2"
            """, [hand, operationClass, String(seconds)])
    }

    static func probe(_ folder: String) -> RemoteScript { RemoteScript(HandScript.probe, [folder]) }

    /// Takes the program or the bundle in on standard input, unless it lies there whole.
    static func place(_ folder: String, _ digest: String, _ form: HandSupply.Form) -> RemoteScript {
        RemoteScript(HandScript.place(taking: "cat"), [folder, digest, form.rawValue])
    }

    /// Has the one that fits the host fetched from its address.
    static func fetch(_ folder: String, _ form: HandSupply.Form, _ offers: [(machine: String, digest: String, address: String)]) -> RemoteScript {
        RemoteScript(HandScript.fetch, [folder, form.rawValue] + offers.flatMap { [$0.machine, $0.digest, $0.address] })
    }

    static func remove(_ folder: String) -> RemoteScript { RemoteScript(HandScript.remove, [folder]) }
}
