/// How long a journal in PostgreSQL waits for what, in seconds. Connecting takes as long as the address's `connect_timeout` says, or 10.
struct PostgresPatience: Sendable {
    /// For a statement, by the server's clock.
    var statement = 12.0
    /// For what another worker has locked: longer than the server lets one that fell silent keep it.
    var lock = 9.0
    /// How long the server keeps a transaction of ours in which nothing happens, and with it the streams that it locked.
    var idle = 6.0
    /// For any word of the server at all.
    var silence = 15.0
    /// For a lost connection to come back, before whoever waits is told.
    var again = 20.0
}
