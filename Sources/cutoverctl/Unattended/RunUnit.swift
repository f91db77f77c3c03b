import Foundation

/// The unit by which systemd runs the loop.
enum RunUnit {
    /// - Parameters:
    ///   - program: the file to start.
    ///   - folder: where its `cutover.yaml` or its plan, fleet and journal lie.
    static func text(program: String, folder: String) -> String {
        """
        [Unit]
        Description=Cutover: moves a fleet of tenants through a migration plan
        Documentation=man:cutoverctl(1)
        After=network-online.target
        Wants=network-online.target

        [Service]
        Type=notify
        WorkingDirectory=\(folder)
        # Variables such as CUTOVER_OPERATOR, and secrets of the hooks: a file that only its owner reads. It may be missing.
        EnvironmentFile=-\(folder)/cutover.env
        ExecStart=\(program) run --unattended --log json
        # What is under way ends as it would; nothing new begins. 4: stopped before the end.
        KillMode=mixed
        KillSignal=SIGTERM
        TimeoutStopSec=15min
        SuccessExitStatus=4
        Restart=on-failure
        RestartSec=15s
        RestartPreventExitStatus=64
        WatchdogSec=5min
        NotifyAccess=main
        LimitNOFILE=65536
        NoNewPrivileges=yes
        PrivateTmp=no

        [Install]
        WantedBy=multi-user.target

        """
    }
}
