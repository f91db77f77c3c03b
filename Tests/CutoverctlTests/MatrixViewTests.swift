import Cutover
import Phases
import Testing

@testable import cutoverctl

@Suite("who serves whom") struct MatrixViewTests {
    private let view = MatrixView(tenants: [
        .init(tenant: "acme", doors: AskDoors.Result(agentWrites: .v2, agentReads: .v2, oldWrites: .v1, oldReads: .v1, panel: .v2, search: .v1, trouble: "")),
        .init(tenant: "zeta", doors: AskDoors.Result(agentWrites: .nobody, agentReads: .nobody, oldWrites: .nobody, oldReads: .v1, panel: .unclear, search: .unclear, trouble: "a commit: 503")),
        .init(tenant: "omega", why: "its host does not answer"),
    ])

    @Test("for people, with each door, and why somebody could not be asked")
    func human() {
        #expect(view.human(.none) == """
            TENANT  WRITES  READS   AGENTS  OLD ROUTE    PANEL    SEARCH   NOTE
            acme    v2, v1  v2, v1  v2      v1           v2       v1
            zeta    nobody  v1      nobody  nobody / v1  unclear  unclear  a commit: 503
            omega   ?       ?       ?       ?            ?        ?        could not be asked: its host does not answer
            """)
    }

    @Test("with the door for keys and values where it was asked")
    func keyValues() throws {
        let asked = AskDoors.Result(
            agentWrites: .v2, agentReads: .v2, oldWrites: .closed, oldReads: .closed, panel: .v2, search: .v2, trouble: "", keyValues: AskDoors.Door(writes: .v1, reads: .v1))
        let view = MatrixView(tenants: [.init(tenant: "acme", doors: asked), .init(tenant: "omega", why: "its host does not answer")])
        #expect(view.human(.none) == """
            TENANT  WRITES  READS   AGENTS  OLD ROUTE  PANEL  SEARCH  KEYS  NOTE
            acme    v2, v1  v2, v1  v2      closed     v2     v2      v1
            omega   ?       ?       ?       ?          ?      ?       ?     could not be asked: its host does not answer
            """)
        #expect(try view.json().contains(#""keys" : {"#))
    }

    @Test("for programs, with a tenant that could not be asked told as such")
    func json() throws {
        let text = try view.json()
        #expect(text.contains(#""asked" : false"#) && text.contains(#""formatVersion" : 1"#) && text.contains(#""oldRoute" : {"#))
    }

    @Test("who could not be asked makes the outcome unknown; that nobody serves is an answer")
    func exit() {
        #expect(view.status == .unknown)
        #expect(MatrixView(tenants: Array(view.tenants.prefix(2))).status == .done)
    }
}
