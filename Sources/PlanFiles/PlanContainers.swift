import Cutover
import Yams

/// What runs as a container: an image by its digest, in the place of a command.
extension PlanReader {
    func judgeContainers(_ settings: Section, _ rules: [StepCatalog.SettingRule]) {
        guard rules.contains(where: { $0.key == "image" }), let command = rules.first(where: { ["program", "server"].contains($0.key) })?.key else { return }
        if rules.contains(where: { $0.key == "url" }) {
            // One that others run is only taken into use.
            if settings.has("url") { return judgeURL(settings) }
            _ = settings.text("listen")
        }
        if settings.has(command) == settings.has("image") {
            findings.note(
                settings.node, "\(settings.title) wants one of \(command) and image, \(settings.has("image") ? "and has both" : "and has neither")",
                fix: "write `\(command): env:NAME` for a plain process, or `image: REPOSITORY@sha256:…` for a container")
        }
        guard let node = settings.valueNode("image"), let image = Scalars.text(node), !image.hasPrefix("env:") else { return }
        if image.wholeMatch(of: #/[^@]+@sha256:[0-9a-f]{64}/#) == nil {
            findings.note(node, "\(settings.title): image is not named by its digest: a tag may be another image tomorrow", fix: "write `image: REPOSITORY@sha256:…`, with 64 hexadecimal digits")
        }
    }

    private func judgeURL(_ settings: Section) {
        for key in ["program", "image", "listen"] where settings.has(key) {
            findings.note(settings.keyNode(key), "\(settings.title) has a url, and \(key) as well", fix: "take one of them out: by url the plugin is run by others")
        }
        guard let node = settings.valueNode("url"), let url = Scalars.text(node), !url.hasPrefix("env:"), url.wholeMatch(of: #/https?:\/\/[^\/@\s]+\/?/#) == nil else { return }
        findings.note(node, "\(settings.title): url is no plain address", fix: "write `url: https://HOST:PORT`, or `url: env:NAME`")
    }

    /// One plugin for many tenants: reached by its URL, and by nothing but HTTP, for its tables hold others' memories as well.
    func judgeTopology(_ steps: [ReadStep], _ topology: String) {
        for step in steps where step.kind == "sidecar.start" {
            let isCentral = step.spec.settings.text("url") != nil
            if isCentral != (topology == "central") {
                findings.note(
                    step.node, "\(step.spec.id) \(isCentral ? "has a url" : "has no url"), and the plan decides topology: \(topology)",
                    fix: isCentral ? "write `topology: central`, or program and listen" : "write `url: https://HOST:PORT` in the place of program and listen, or `topology: sidecar`")
            }
        }
        guard topology == "central" else { return }
        for step in steps where step.kind == "backfill.copy" && step.spec.settings.text("lane") != "http" {
            findings.note(step.node, "\(step.spec.id): the tables of a central plugin are not in a tenant's reach", fix: "write `lane: http`")
        }
    }
}
