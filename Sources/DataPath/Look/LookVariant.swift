/// How looks are done. Everything but `.lawful` loses or revives memories in a known way.
///
/// The others exist so that the tests can show their checker sees each of those losses. Nothing outside the tests may use them.
package enum LookVariant: String, Sendable, CaseIterable {
    case lawful
    /// Entries are read above a remembered sequence number; what commits late behind it is never read.
    case cursorBySequence
    /// What both sides agreed on is not remembered, so a forgotten row looks like a new one of the other side.
    case noPlaced
    /// A chunk read earlier is inserted where v2 has no such id.
    case copyInsertsIfAbsent
    /// Compares and writes under READ COMMITTED, without locking in between.
    case digestCheckWithoutLock
    /// Edits are carried by set without asking whether the other side was edited too.
    case editsWithoutQuestion
    /// Reads, and later consumes every entry of the id, those it never saw as well.
    case readThenConsume
    /// One entry an id: an edit in an open transaction adds none and is not seen either.
    case deduplicatedLog
    /// A delete that was followed by an insert is not told from an edit.
    case logWithoutDel
    /// Triggers list the rows their own transaction sees instead of leaving a marker.
    case triggersThatEnumerate
    /// The barrier's snapshot is older than its locks.
    case barrierBegunWithSelect
}
