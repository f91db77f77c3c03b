/// The schema that a journal stands on.
struct SchemaView: Encodable {
    let formatVersion = 1
    let was: Int
    let schema: Int
    let newest: Int

    var human: String {
        let stand = was == schema ? "the journal has schema \(schema)" : "the journal was taken from schema \(was) to \(schema)"
        return "\(stand); this build writes schema \(newest)\(schema < newest ? ", and takes it there with its next write" : "")"
    }

    func json() throws -> String { try JSONText.document(self) }
}
