import Cutover
import Yams

/// What runs as a container: an image by its digest, in the place of a command.
extension PlanReader {
    func judgeContainers(_ settings: Section, _ rules: [StepCatalog.SettingRule]) {
        guard rules.contains(where: { $0.key == "image" }), let command = rules.first(where: { ["program", "server"].contains($0.key) })?.key else { return }
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
}
