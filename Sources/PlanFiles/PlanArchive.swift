import Cutover
import Foundation
import Yams

/// Where an archive goes and who can open it: what the forms of its settings cannot say.
extension PlanReader {
    func judgeArchive(_ step: Section, _ settings: Section, production: Bool) {
        judgePlace(settings, production)
        if let node = settings.valueNode("onHost"), let text = Scalars.text(node), text.wholeMatch(of: /accepted by \S+ because .+/) == nil {
            findings.note(node, "\(step.title): onHost does not say who accepted it and why", fix: "write `onHost: accepted by NAME because REASON`")
        }
        judgeRecipients(step, settings)
        guard let map = settings.valueNode("s3"), let store = Section(map, "s3", known: ["endpoint", "region", "accessKeyID", "secretAccessKey", "sessionToken"], findings)
        else { return }
        for key in ["accessKeyID", "secretAccessKey", "sessionToken"] {
            guard let node = store.valueNode(key), Scalars.text(node)?.hasPrefix("env:") != true else { continue }
            findings.note(node, "s3: \(key) stands in the plan", fix: "write `\(key): env:NAME`, and put it into the host's env file")
        }
    }

    private func judgePlace(_ settings: Section, _ production: Bool) {
        guard let node = settings.valueNode("to"), let to = Scalars.text(node), !to.hasPrefix("env:") else { return }
        let forms = "write s3://BUCKET/PREFIX/TENANT, host:ID:/PATH/TENANT, mount:/PATH/TENANT, /PATH, or env:NAME"
        let plain = to.hasPrefix("/")
        guard plain || to.wholeMatch(of: /s3:\/\/[a-z0-9][a-z0-9.-]+(\/.*)?|host:[a-z0-9][a-z0-9._-]*:\/.*|mount:\/.*/) != nil, !to.split(separator: "/").contains("..") else {
            return findings.note(node, "\(settings.title): to names no place", fix: forms)
        }
        if !plain, !to.contains("TENANT") {
            findings.note(node, "\(settings.title): all tenants would archive to \(to)", fix: "put the word TENANT where each tenant's own name belongs")
        }
        if plain, production, !settings.has("onHost") {
            findings.note(
                node, "\(settings.title): \(to) is on the tenant's own host, and a wave selects production tenants",
                fix: "name a place off the host, or write `onHost: accepted by NAME because REASON`")
        }
    }

    private func judgeRecipients(_ step: Section, _ settings: Section) {
        for node in settings.valueNode("recipients")?.sequence.map(Array.init) ?? [] {
            guard let recipient = Section(node, "the recipient", known: ["name", "key"], findings) else { continue }
            _ = recipient.text("name")
            guard let key = recipient.text("key"), Data(base64Encoded: key)?.count != 32 else { continue }
            findings.note(recipient.valueNode("key"), "the recipient's key is not 32 bytes in base64", fix: "write its X25519 public key: openssl pkey -in KEY.pem -pubout -outform DER | tail -c 32 | base64")
        }
        for key in ["key", "opens"] {
            guard let node = settings.valueNode(key), let text = Scalars.text(node), !text.hasPrefix("env:"), !(key == "opens" && text.hasPrefix("file:/")) else { continue }
            findings.note(node, "\(step.title): \(key) stands in the plan", fix: "write `\(key): env:NAME`, and put it into the host's env file")
        }
        if !settings.has("key"), !settings.has("recipients") {
            findings.note(settings.node, "\(step.title) names no key to seal the archive to", fix: "add `key: env:NAME`, or `recipients:` and `opens:`")
        } else if !settings.has("key"), !settings.has("opens") {
            findings.note(settings.node, "\(step.title) names nothing that opens the archive on the host, so its restore can't be rehearsed", fix: "add `opens: env:NAME`, the private key of one of the recipients")
        }
    }
}
