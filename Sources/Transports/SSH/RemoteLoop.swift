import Foundation

/// What runs at the other end of a session: the host's own shell, taking one script after the other from its standard input.
///
/// It says `ready` and does nothing before it is told to go, so that what was never told to go was never begun, whether or not it reads
/// its input; and it says how the script ended, since the client's own exit code 255 may mean the connection or the program. A script runs
/// in a shell of its own, gets the input meant for it and not a byte of what follows, and leaves nothing to the next. Only when nobody
/// holds its streams any more is the session `free` for another one. The end of the loop's input is its end.
struct RemoteLoop: Sendable {
    /// Ahead of every request: what is left over of an input, and does not begin so, is nobody's request.
    let key = "cutover-\(UUID().uuidString.lowercased())"

    /// As the host's login shell reads it, whichever it is.
    var command: String { "exec /bin/sh -c \(RemoteScript.quoted(Self.loop)) cutover \(key)" }

    /// What has a script read, and said to be ready.
    func request(_ script: RemoteScript) -> [UInt8] {
        let text = "set -- \(script.words.map(RemoteScript.quoted).joined(separator: " "))\n\(script.body)\n"
        return Array("\(key) \(script.mark) \(Self.lines(text.utf8))\n\(text)".utf8)
    }

    /// What lets it begin, with its input.
    static func go(_ script: RemoteScript, _ input: [UInt8]) -> [UInt8] {
        if input.isEmpty { return Array("\(script.mark) none\n".utf8) }
        return Array((isText(input) ? "\(script.mark) lines \(lines(input))\n" : "\(script.mark) bytes \(input.count)\n").utf8) + input
    }

    /// Empties the environment of what follows it in a script, where the loop itself has not done so.
    static let emptying = "$emptying"

    // MARK: - Non public

    /// The shell hands on lines of a moderate length by itself: they cost neither a process nor a program. Whatever else there is, `head` does.
    private static func isText(_ input: [UInt8]) -> Bool {
        input.count <= 4000 && input.last == UInt8(ascii: "\n") && input.allSatisfy { (0x20..<0x7F).contains($0) || $0 == UInt8(ascii: "\n") }
    }

    private static func lines(_ text: some Sequence<UInt8>) -> Int { text.count { $0 == UInt8(ascii: "\n") } }

    /// - Emptying the environment once, in place of `env -i` for each operation, serves where the shell adds nothing of its own to what it
    ///   runs: not with those that go by a version.
    /// - `read` takes no byte beyond its line. `head` may, and gets nothing more to take before the session is free; where it could not
    ///   hand on all of the input, the rest of it lies in the way of the next request, and the loop ends.
    /// - What a script leaves running holds descriptor 9, or, closing that as `sudo` does, is in the group that `timeout` made. Till the
    ///   last end of 9 is closed the loop reads.
    /// - Nothing that may `set -e` is run in a condition.
    private static let loop = #"""
        emptying='\#(RemoteScript.emptying)'
        if [ -z "${BASH_VERSION-}${KSH_VERSION-}${ZSH_VERSION-}${YASH_VERSION-}" ]; then
            set -f; IFS='
        '
            for line in $(export -p); do
                line=${line#export }; line=${line%%=*}
                case $line in "" | [0-9]* | *[!A-Za-z0-9_]*) ;; *) unset "$line" ;; esac
            done
            set +f; unset IFS
            export \#(RemoteScript.variables); emptying=
        fi
        key=$1; newline='
        '
        exec 5>&1
        take() {
            text=
            while [ "$left" -gt 0 ]; do IFS= read -r line || exit 1; text=$text$line$newline; left=$((left - 1)); done
        }
        serve() {
            group=$(
                {
                    (
                    { read -r own line </proc/self/stat && echo "$own" >&9; } 2>/dev/null
                    eval "$script"
                    )
                    code=$?; printf '\n%s end\n' "$mark"; printf '\n%s ended %s\n' "$mark" "$code" >&2
                } 9>&1 >&5 5>&-
            )
            if [ -n "$group" ] && kill -s 0 -- "-$group" 2>/dev/null; then return 1; fi
        }
        while read -r word mark left && [ "$word" = "$key" ]; do
            take; script=$text
            echo "$mark ready" >&2
            read -r go form left && [ "$go" = "$mark" ] || exit 1
            case $form in
            none) serve </dev/null ;;
            lines)
                take; text=${text%"$newline"}
                serve <<END
        $text
        END
                ;;
            bytes) { head -c "$left" || kill -s KILL $$; } | serve ;;
            *) exit 1 ;;
            esac
            held=$?
            [ "$held" = 0 ] || exit 1
            echo "$mark free" >&2
        done
        """#
}
