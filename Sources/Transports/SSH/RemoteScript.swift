import Foundation

/// A program of the host's own shell, for `RemoteLoop` or for Systems Manager to run.
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

    // What is said of it, on standard error unless told otherwise.
    static func ready(_ mark: String) -> String { "\(mark) ready\n" }
    static func absent(_ mark: String) -> String { "\(mark) absent\n" }
    /// The exit code and the end of the line follow.
    static func ended(_ mark: String) -> String { "\n\(mark) ended " }
    /// On standard output.
    static func outputEnd(_ mark: String) -> String { "\n\(mark) end\n" }
    /// Nothing that it began holds its streams any more.
    static func free(_ mark: String) -> String { "\(mark) free\n" }

    static func quoted(_ word: String) -> String { "'\(word.replacing("'", with: "'\\''"))'" }

    /// Runs what follows it with these variables and no others.
    static let emptying = "env -i \(variables)"
    static let variables = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/nonexistent LC_ALL=C.UTF-8"

    /// The tenant's own program, without anything of the session's environment.
    ///
    /// - Parameter emptying: what the environment is emptied by, as shell text.
    static func operation(_ hand: String, _ operationClass: String, within seconds: Int, emptying: String = RemoteScript.emptying) -> RemoteScript {
        RemoteScript(
            """
            test -x "$1" || { echo "$mark absent" >&2; exit 3; }
            limit=; command -v timeout >/dev/null 2>&1 && limit="timeout -s KILL $3"
            exec $limit \(emptying) "$1" host "$2"
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
