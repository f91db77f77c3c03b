import Cutover

extension TenantHost {
    /// The folder on the host in which the programs lie, each under its digest.
    var handFolder: String { "\(state)/bin" }
    /// The link to the one in use.
    var handPath: String { "\(handFolder)/cutoverctl" }
}

/// What is done on a host to look at the program there, to put one there and to take it away: one text for the shell, by every road.
///
/// `bin/cutoverctl` is a link, switched by rename, to `cutoverctl-DIGEST` or, of a bundle, to `cutoverctl-DIGEST/cutoverctl`.
enum HandScript {
    /// Changes nothing. Says the machine's architecture, then the digest of what stands there whole, or `damaged`, with `bundle` behind it
    /// where it is one; ends with 3 where nothing stands. `$1`: the folder.
    static let probe = #"""
        uname -m
        test -x "$1/cutoverctl" || exit 3
        own=$(readlink "$1/cutoverctl")
        case $own in
        */*) if (cd "$1/${own%/*}" && sha256sum --status -c seal manifest); then own=${own%/*}; echo "${own#cutoverctl-} bundle"; else echo "damaged bundle"; fi ;;
        *) sha256sum < "$1/cutoverctl" | cut -c1-64 ;;
        esac
        """#

    /// Puts a program or a bundle there, unless it lies there whole; keeps the one before it, and none that is older.
    /// `$1`: the folder, `$2`: the digest of what is taken in, `$3`: its form.
    ///
    /// - Parameter taking: says on standard output what is to be put there; `$4` is its own.
    static func place(taking: String) -> String {
        #"""
        set -e
        umask 077; home=${1%/*}
        for own in "$home" "$1"; do
            if test -L "$own"; then echo "$own is a symbolic link: nothing is put there; remove it" >&2; exit 7; fi
            if test -e "$own" && ! test -O "$own"; then echo "$own belongs to somebody else than $(id -un): nothing is put there" >&2; exit 7; fi
        done
        mkdir -p "$1"; chmod 700 "$1"
        name=cutoverctl-$2; target="$1/$name"; new="$target.$$.new"
        case $3 in bundle) link=$name/cutoverctl ;; *) link=$name ;; esac
        whole() {
            case $3 in
            bundle) (cd "$1/cutoverctl-$2" 2>/dev/null && sha256sum --status -c seal manifest 2>/dev/null) ;;
            *) test -f "$1/cutoverctl-$2" && test "$(sha256sum < "$1/cutoverctl-$2" | cut -c1-64)" = "$2" ;;
            esac
        }
        if ! whole "$@"; then
            trap 'rm -rf "$new" "$new.tree" "$new.old"' EXIT

        """# + taking + #"""
         > "$new"
            test "$(sha256sum < "$new" | cut -c1-64)" = "$2" || { echo "what arrived has another digest than what was sent" >&2; exit 4; }
            case $3 in
            bundle)
                mkdir "$new.tree"; tar -xzf "$new" -C "$new.tree" --no-same-owner; rm -f "$new"
                (cd "$new.tree"; sha256sum --quiet -c manifest >&2; sha256sum manifest > seal)
                env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 "$new.tree/cutoverctl" --version >/dev/null || { echo "the bundle does not run on this host" >&2; exit 5; }
                find "$new.tree" -type f -exec sync {} + 2>/dev/null || true
                # What was damaged makes room; whoever else puts the same there at this moment may have been first.
                if test -e "$target" && ! whole "$@"; then mv -T "$target" "$new.old"; fi
                mv -T "$new.tree" "$target" 2>/dev/null || whole "$@" ;;
            *) chmod 700 "$new"; sync "$new" 2>/dev/null || true; mv -f "$new" "$target" ;;
            esac
        fi
        before=$(readlink "$1/cutoverctl" || true)
        ln -sfn "$link" "$1/cutoverctl.$$.new"; mv -fT "$1/cutoverctl.$$.new" "$1/cutoverctl"
        before=${before%/cutoverctl}
        if test "$before" != "$name"; then
            for old in "$1"/cutoverctl-*; do
                case ${old##*/} in "$name" | "$before" | *.new | *.new.*) ;; *) rm -rf -- "$old" ;; esac
            done
        fi
        # What somebody left half way who was killed.
        find "$1" -maxdepth 1 -name '*.new*' -mmin +1440 -exec rm -rf -- {} + 2>/dev/null || true
        """#
    }

    /// On standard output, from the address `$4`.
    static let download = #"if command -v curl >/dev/null 2>&1; then curl -fsSL --max-time 600 -- "$4"; else wget -qO- -- "$4"; fi"#

    /// Puts there the one that fits the machine, from its address. `$1`: the folder, `$2`: the form, then of each architecture its name, the
    /// digest and the address.
    static let fetch =
        #"""
        folder=$1 form=$2 built= fit=; shift 2
        while [ $# -ge 3 ]; do
            built="$built $1"
            if [ "$1" = "$(uname -m)" ]; then fit="$2 $3"; fi
            shift 3
        done
        [ -n "$fit" ] || { echo "nothing was built for $(uname -m), only for$built" >&2; exit 6; }
        set -- "$folder" "${fit%% *}" "$form" "${fit#* }"

        """# + place(taking: download)

    /// `$1`: the folder.
    static let remove = #"if test -L "${1%/*}"; then echo "${1%/*} is a symbolic link: nothing is removed behind it" >&2; exit 7; fi; rm -rf -- "$1""#
}
