import Cutover
import Foundation
import Testing

@testable import cutoverctl

@Suite("what a comparison prints") struct DiffViewTests {
    private func view(complete: Bool = true, differing: String = "{}", red: String = "") throws -> DiffView {
        let json = """
            {"against":"frozen","complete":\(complete),"clean":false,"rowsV1":12,"rowsV2":11,"equal":9,"differing":\(differing),
             "explained":{"edited":1,"forgotten":1},"provenRows":12,"estimatedRows":12,"resumedRows":0,"rechecked":1,"digestV1":"a","digestV2":"b",
             "from":"2026-01-01T00:00:00Z","to":"2026-01-01T00:00:05Z","lines":1,
             "changes":{"roles":[{"role":"app","transactions":2,"writes":2,"forgets":1,"largestForget":1}],"red":[\(red)]}}
            """
        let found = try JSONDecoder().decode(DiffView.Found.self, from: Data(json.utf8))
        return DiffView(tenant: TenantID("acme"), found: found, consents: [])
    }

    private let bulk = #"{"kind":"bulk-forget","transactions":1,"rows":400,"digest":"d","examples":[]}"#

    @Test("rows that differ, one a line, and what accounts for the rest")
    func differing() throws {
        let view = try view(differing: #"{"different":1,"missing":1}"#)
        #expect(view.human(DiffLine(id: "x", what: "different", fields: ["content", "kind"])) == "different    x  content, kind")
        #expect(view.human(DiffLine(id: "y", what: "missing", fields: [])) == "missing      y")
        #expect(view.summary(.none) == """
            acme: 12 rows of what was frozen, 11 of v2, 9 equal (2026-01-01T00:00:00Z to 2026-01-01T00:00:05Z)
            accounted for: 1 edited, 1 forgotten
            since the freeze app wrote 2 rows in 2 transactions, forgot 1, at most 1 at once
            differing: 1 different, 1 missing
            next: cutoverctl repair acme --preview
            """)
        #expect(view.status == .changesPending)
    }

    @Test("not knowing weighs more than a missing signature, and that more than a difference")
    func statuses() throws {
        let differing = #"{"missing":1}"#
        #expect(try view().status == .done)
        #expect(try view(differing: differing).status == .changesPending)
        #expect(try view(differing: differing, red: bulk).status == .inTheWay)
        #expect(try view(complete: false, differing: differing, red: bulk).status == .unknown)
        #expect(try view(complete: false).summary(.none).contains("not known: 12 of about 12 rows"))
        #expect(try view(red: bulk).summary(.none).hasSuffix("next: cutoverctl approve acme --changes bulk-forget --reason TEXT"))
    }

    @Test("the document comes in two halves with the rows between them, and is one")
    func document() throws {
        let (head, tail) = try view(differing: #"{"missing":1}"#).document()
        for rows in ["", "    " + (try JSONText.line(DiffLine(id: "x", what: "missing", fields: [])))] {
            let whole = try JSONSerialization.jsonObject(with: Data("\(head)\n\(rows)\n\(tail)".utf8)) as? [String: Any]
            #expect((whole?["differences"] as? [Any])?.count == (rows.isEmpty ? 0 : 1))
            #expect(whole?["formatVersion"] as? Int == 1)
            #expect(whole?["complete"] as? Bool == true)
        }
    }
}
