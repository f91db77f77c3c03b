import Cutover
import Foundation
import Yams

/// `keys:`, the file of those who may sign.
extension PlanReader {
    /// The people, and the file's text, which belongs to the plan's digest: whoever changes the keys changes the plan.
    func keys(_ top: Section, beside path: String) -> (people: [Approver], text: String)? {
        guard let name = top.text("keys", required: false), let node = top.valueNode("keys") else { return nil }
        let file = name.hasPrefix("/") ? name : URL(filePath: path).deletingLastPathComponent().appending(path: name).path
        let text: String
        switch FileText.read(file, what: "keys", option: "keys:") {
        case .success(let read): text = read
        case .failure(let problem):
            findings.note(node, "\(name): \(problem.what)", fix: "name a file beside the plan, with `people: [ { name: …, keys: [ssh-ed25519 …] } ]`")
            return nil
        }
        let inside = Findings(file: file)
        let people = Document(text: text, begin: "people:", findings: inside).root.map { approvers($0, inside) } ?? []
        for problem in inside.problems { findings.note(node, "\(name), line \(problem.line): \(problem.what)", fix: problem.fix) }
        return (people, text)
    }

    private func approvers(_ root: Node, _ findings: Findings) -> [Approver] {
        guard let top = Section(root, "the keys file", known: ["people"], findings), let nodes = top.list("people") else { return [] }
        if nodes.isEmpty { findings.note(root, "nobody is listed", fix: "add `- { name: …, keys: [ssh-ed25519 …] }`") }
        var people: [Approver] = []
        for node in nodes {
            guard let entry = Section(node, "the person", known: ["name", "keys"], findings), let name = entry.text("name"), let keys = entry.list("keys")
            else { continue }
            if people.contains(where: { $0.name.text == name }) { findings.note(node, "\(name) is listed twice", fix: "put all keys of one person into one entry") }
            if keys.isEmpty { findings.note(node, "\(name) has no key", fix: "cutoverctl key new prints one") }
            var theirs: [VerifyingKey] = []
            for key in keys {
                guard let read = Scalars.text(key).flatMap(VerifyingKey.init) else {
                    findings.note(key, "a key of \(name) is not an Ed25519 key", fix: "write it as `ssh-ed25519 AAAA…`, the line that cutoverctl key new or ssh-keygen -t ed25519 gives")
                    continue
                }
                if let other = people.first(where: { $0.keys.contains(read) }) {
                    findings.note(key, "\(name) and \(other.name) have the same key", fix: "a signature must tell people apart: give each a key of their own")
                }
                theirs.append(read)
            }
            people.append(Approver(name: OperatorID(name), keys: theirs))
        }
        return people
    }
}
