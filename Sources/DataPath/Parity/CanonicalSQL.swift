/// The bytes that stand for a row, and the number that stands for the bytes.
///
/// The server's own binary form of a row: for each field its type, its length (−1 for NULL) and its bytes. So no two different
/// rows have the same, and no setting of the session (time zone, styles, digits, locale) has a say. The client's encoding has, for
/// texts: it is UTF-8 on all our connections.
struct CanonicalSQL: Sendable {
    let layout: Layout

    /// Of v1 row `row` with workspace `workspace`: what v2 must hold.
    func v1(_ row: String, _ workspace: String) -> String {
        bytes("\(row).id", layout.projection.fields(row, workspace, "r").map(\.one))
    }

    func v2(_ row: String) -> String {
        bytes("\(row).id", layout.projection.fields("m", "w", row).map(\.two))
    }

    /// Of an id and its digest: all that is known of a frozen row.
    static func known(_ id: String, _ digest: String) -> String { "record_send(ROW(\(id), \(digest)))" }

    private func bytes(_ id: String, _ fields: [String]) -> String { "record_send(ROW(\(([id] + fields).joined(separator: ", "))))" }

    /// 64 bits of the bytes, to be added up over a range.
    ///
    /// A sum does not depend on the order of rows, so no range has to be sorted. It is taken over whole rows with their ids, so texts
    /// exchanged between two rows change it. The hash is the server's own (Jenkins' lookup3): it is no secret and no proof against
    /// somebody who crafts a row to collide, only against chance, which hides a differing range once in 2^64. What authorises the
    /// freeze, and with it the drop, compares SHA-256 row by row.
    static func fingerprint(_ bytes: String) -> String { "hash_record_extended(ROW(\(bytes)), 7202)" }
}
