import Testing

@testable import Phases

@Suite("a signature of who reads more or less than before") struct SignedAccessTests {
    private func change(_ counts: (scope: String, role: String, gained: Int, lost: Int)...) -> AccessChange.Result {
        AccessChange.Result(
            gained: counts.reduce(0) { $0 + $1.gained }, lost: counts.reduce(0) { $0 + $1.lost },
            counts: counts.map { .init(scope: $0.scope, role: $0.role, kept: 0, gained: $0.gained, lost: $0.lost) }, examples: [])
    }

    @Test("it holds while agents go on writing, and not when the pairs outgrow it")
    func grown() throws {
        let seen = change(("TEAM", "parent", 0, 2000), ("GLOBAL", "root", 7, 0))
        let signed = try #require(SignedAccess(SignedAccess(.losses, of: seen).facts))
        #expect(signed == SignedAccess(.losses, of: seen))
        #expect(signed.whyNot(.losses, seen) == nil)
        #expect(signed.whyNot(.losses, change(("TEAM", "parent", 0, 2200))) == nil)
        #expect(signed.whyNot(.losses, change(("TEAM", "parent", 0, 2201)))?.contains("2201 pairs") == true)
        #expect(signed.whyNot(.losses, change()) == nil)
    }

    @Test("a kind of pair that nobody saw is not signed, however few they are")
    func otherKind() {
        let signed = SignedAccess(.gains, of: change(("GLOBAL", "root", 7, 0)))
        #expect(signed.upTo == 107)
        #expect(signed.whyNot(.gains, change(("GLOBAL", "root", 6, 0), ("TEAM", "sibling", 1, 0)))?.contains("TEAM sibling") == true)
        // The other side's pairs are the other signature's.
        #expect(signed.whyNot(.gains, change(("GLOBAL", "root", 7, 0), ("TEAM", "sibling", 0, 900))) == nil)
    }

    @Test("a signature without a bound is one over the very number")
    func plain() throws {
        let signed = try #require(SignedAccess(["count": "7", "kinds": "GLOBAL root"]))
        #expect(signed.whyNot(.gains, change(("GLOBAL", "root", 7, 0))) == nil)
        #expect(signed.whyNot(.gains, change(("GLOBAL", "root", 8, 0))) != nil)
        #expect(SignedAccess(["by": "me"]) == nil)
    }

    @Test("whoever signs may say up to how many")
    func said() {
        #expect(SignedAccess(.gains, of: change(("GLOBAL", "root", 7, 0)), upTo: 9).whyNot(.gains, change(("GLOBAL", "root", 10, 0))) != nil)
    }
}
