/// Who a v1 memory is meant for.
enum Scope: String, Sendable, CaseIterable, Codable {
    case local = "LOCAL"
    case team = "TEAM"
    case global = "GLOBAL"
}
