import Foundation

/// The Debian package on a machine with nothing but Debian's base: installed, run, and taken away again without a trace. And `make install`.
enum Packaged {
    /// Of the program as it was built for the tests.
    @Sendable static func asBuilt(_ stage: Stage) async throws {
        let bundle = try await bundleAsBuilt(stage)
        try await onBareDebian(stage, try await package(stage, bundle))
        try await byMake(stage, bundle)
    }

    /// Of the release.
    @Sendable static func released(_ stage: Stage) async throws {
        let bundle = try await Self.bundle(stage, await BareHost.tool(stage, "bundle", "", "\(stage.folder)/bundles"))
        try await onBareDebian(stage, try await package(stage, bundle))
        try await byMake(stage, bundle)
    }

    static func bundleAsBuilt(_ stage: Stage) async throws -> String {
        let loose = ["GZIP_LEVEL": "-1", "CEILING": "1000", "UNPACKED_CEILING": "4000"]
        return try await bundle(stage, await BareHost.tool(stage, "bundle", stage.places.program("cutoverctl"), "\(stage.folder)/bundles", environment: loose))
    }

    /// The Debian package of a bundle.
    static func package(_ stage: Stage, _ bundle: String) async throws -> String {
        let made = try await BareHost.tool(stage, "deb", bundle, "\(stage.folder)/packages", environment: ["DEB_OPTIONS": "-Zgzip -z1"])
        guard made.code == 0, let file = made.out.firstMatch(of: /deb: ([^,]+\.deb), sha256/)?.1 else { throw Trouble("no package: \(made.said)") }
        return String(file)
    }

    private static func bundle(_ stage: Stage, _ made: RunningProgram.Ended) throws -> String {
        try expect(made.code == 0, "no bundle: \(made.said)")
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(stage.folder)/bundles").filter { $0.hasSuffix(".tar.gz") }
        guard let name = names.first, names.count == 1 else { throw Trouble("the bundles are \(names)") }
        return "\(stage.folder)/bundles/\(name)"
    }

    // MARK: - The package

    private static func onBareDebian(_ stage: Stage, _ file: String) async throws {
        try await OwnSpaces.require("mount -t proc proc /mnt", stage)
        let bare = try await BareHost.tool(stage, "bare-root")
        let root = bare.out.trimmingCharacters(in: .whitespacesAndNewlines)
        try expect(bare.code == 0 && !root.isEmpty, "there is no bare root: \(bare.said)")
        let told = try await shell(stage, inBareRoot(root: root, copy: "\(stage.folder)/root", package: file), "package")
        try expect(told.code == 0, "on a bare Debian the package ended with \(told.code): \(told.said)")
        for word in ["installed", "version cutoverctl", "linted", "simulated", "completed", "verified", "removed"] {
            try expect(told.out.contains("== \(word)"), "the package's run on a bare Debian does not come to '\(word)': \(told.said)")
        }
    }

    /// The base packages lie there unpacked, each in its archive as well: dpkg is told that they are installed, as they are.
    private static func inBareRoot(root: String, copy: String, package: String) -> String {
        """
        exec /usr/bin/unshare --mount --pid --fork --kill-child /bin/bash -euo pipefail <<'SPACE'
        cp -a '\(root)' '\(copy)'
        cd '\(copy)'
        mount -t proc proc proc
        mkdir -p var/lib/dpkg/info var/lib/dpkg/updates var/lib/dpkg/triggers tmp dev
        [ -e dev/null ] || mknod -m 666 dev/null c 1 3
        for deb in var/cache/apt/archives/*.deb; do dpkg-deb -f "$deb" | sed '1a Status: install ok installed'; echo; done > var/lib/dpkg/status
        grep -q '^Package: libc6$' var/lib/dpkg/status
        cp '\(package)' tmp/cutover.deb
        files() { find . -xdev \\( -path ./proc -o -path ./var/lib/dpkg -o -path ./var/log -o -path ./var/cache -o -path ./tmp \\) -prune -o \\( -type d -printf '%y %m %p\\n' -o -printf '%y %m %s %p %l\\n' \\) | LC_ALL=C sort; }
        inside() { PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp chroot . "$@"; }
        files > tmp/before

        inside dpkg -i /tmp/cutover.deb >&2
        echo "== installed"
        # Whatever is new is the package's, and the folders it stands in.
        files > tmp/after
        inside dpkg -L cutover | LC_ALL=C sort -u > tmp/listed
        comm -13 tmp/before tmp/after | awk '{ print ($1 == "d" ? $3 : $4) }' | sed 's|^[.]||' > tmp/new
        strangers=$(LC_ALL=C sort tmp/new | comm -23 - tmp/listed)
        [ -z "$strangers" ] || { echo "not the package's: $strangers" >&2; exit 1; }
        lost=$(comm -23 tmp/before tmp/after)
        [ -z "$lost" ] || { echo "changed: $lost" >&2; exit 1; }

        echo "== version $(inside cutoverctl --version)"
        inside cutoverctl lint /usr/share/doc/cutover/Plans/memory-ssot.yaml
        echo "== linted"
        inside cutoverctl simulate --plan /usr/share/doc/cutover/Plans/memory-ssot.yaml --tenants 3 --days 45 --seed 1 > tmp/simulated
        echo "== simulated"
        # Its journal is made, asked and checked there.
        inside /bin/sh -c 'printf "tenants:\\n  - { id: acme, host: a, transport: local, env: /nowhere/env, state: /tmp/acme, labels: { env: staging } }\\n" > /tmp/fleet.yaml'
        inside env CUTOVER_PLAN=/usr/share/doc/cutover/Plans/lab.yaml CUTOVER_FLEET=/tmp/fleet.yaml CUTOVER_JOURNAL=/tmp/cutover.db /bin/sh -ec '
            cutoverctl hold acme --as ann --reason "a trial"
            cutoverctl history acme -o csv | grep ",ann,held," > /dev/null
            cutoverctl status --at 0s --json > /tmp/status
            cutoverctl journal verify
            cutoverctl journal report acme -o html | grep "Record of acme" > /dev/null'
        # No grep -q behind a pipe: it leaves before the other one has said all, who ends for that.
        inside bash -ec 'source /usr/share/bash-completion/completions/cutoverctl; complete -p cutoverctl'
        head -n 1 usr/share/zsh/vendor-completions/_cutoverctl | grep '^#compdef cutoverctl$' > /dev/null
        grep -q '^complete -c .cutoverctl' usr/share/fish/vendor_completions.d/cutoverctl.fish
        for shell in usr/share/bash-completion/completions/cutoverctl usr/share/zsh/vendor-completions/_cutoverctl usr/share/fish/vendor_completions.d/cutoverctl.fish; do grep -q throttle $shell; done
        gzip -dc usr/share/man/man1/cutoverctl.1.gz | grep '^[.]SS journal report$' > /dev/null
        ! grep -rl '@PREFIX@\\|@SYSCONFDIR@' etc/cutover usr/lib/systemd/system/cutover.service
        echo "== completed"
        # It says what it needs, and no file is another than the package brought.
        inside dpkg -s cutover | grep '^Depends: libc6 (>= [0-9.]*)$' > /dev/null
        [ -z "$(inside dpkg --verify cutover)" ]
        echo "== verified"

        inside dpkg --purge cutover >&2
        files > tmp/gone
        diff tmp/before tmp/gone >&2
        echo "== removed"
        SPACE
        """
    }

    // MARK: - make install

    private static func byMake(_ stage: Stage, _ bundle: String) async throws {
        let into = ["PREFIX": "/opt/cutover", "DESTDIR": "\(stage.folder)/dest"]
        let base = "\(stage.folder)/dest/opt/cutover"
        try await installed(stage, bundle, into)
        // What somebody wrote into the configuration stays; the rest is put there anew.
        let environment = "\(base)/etc/cutover/cutover.env"
        try "CUTOVER_OPERATOR=ann\n".write(toFile: environment, atomically: true, encoding: .utf8)
        try await installed(stage, bundle, into)
        try expect(try String(contentsOfFile: environment, encoding: .utf8) == "CUTOVER_OPERATOR=ann\n", "an installation wrote over the configuration")
        let version = try await RunningProgram.start("\(base)/bin/cutoverctl", ["--version"], environment: [:], folder: stage.folder, log: "\(stage.logs)/installed-version").ended()
        try expect(version.code == 0 && version.out.hasPrefix("cutoverctl "), "the installed program says: \(version.said)")
        let refused = try await BareHost.tool(stage, "install", bundle, environment: ["PREFIX": "somewhere"])
        try expect(refused.code == 64, "a PREFIX that is no absolute path ended with \(refused.code): \(refused.said)")
        try await unit(stage, base)
    }

    private static func installed(_ stage: Stage, _ bundle: String, _ into: [String: String]) async throws {
        let ended = try await BareHost.tool(stage, "install", bundle, environment: into)
        try expect(ended.code == 0, "the installation ended with \(ended.code): \(ended.said)")
    }

    /// systemd's own judgement of the unit, with the program where it was put.
    private static func unit(_ stage: Stage, _ base: String) async throws {
        let text = try String(contentsOfFile: "\(base)/lib/systemd/system/cutover.service", encoding: .utf8)
        for line in ["Type=notify", "Restart=on-failure", "EnvironmentFile=/opt/cutover/etc/cutover/cutover.env", "ExecStart=/opt/cutover/bin/cutoverctl run --unattended --log json"] {
            try expect(text.contains("\(line)\n"), "the unit does not say \(line)")
        }
        let here = text.replacing("/opt/cutover/bin", with: "\(base)/bin")
        let file = try stage.file("cutover.service", here)
        let judged = try await shell(stage, "systemd-analyze verify --man=no '\(file)' && systemd-analyze security --offline=yes --threshold=25 --no-pager '\(file)'", "unit")
        try expect(judged.code == 0, "systemd does not take the unit: \(judged.said)")
        let environment = try await shell(stage, "set -a; . '\(base)/etc/cutover/cutover.env'; [ \"$CUTOVER_OPERATOR\" = ann ]", "environment")
        try expect(environment.code == 0, "the environment file is no list of variables: \(environment.said)")
    }

    private static func shell(_ stage: Stage, _ script: String, _ name: String) async throws -> RunningProgram.Ended {
        try await RunningProgram.start("/bin/bash", ["-c", script], environment: ["PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], folder: stage.folder, log: "\(stage.logs)/\(name)").ended(within: 600)
    }
}
