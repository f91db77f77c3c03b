import Cutover
import CutoverTestKit
import Testing

@testable import Journals

@Suite("every journal passes the exam") struct ExamTests {
    @Test("the journal in memory", arguments: JournalExam.questions)
    func memory(question: JournalExam.Question) async throws {
        let journal = MemoryJournal()
        try await question.ask(journal, journal)
    }

    @Test("the journal in SQLite, through two connections", arguments: JournalExam.questions)
    func sqlite(question: JournalExam.Question) async throws {
        let place = try Place()
        try await question.ask(try place.open(), try place.open(create: false))
    }

    @Test("the journal in PostgreSQL, as two workers", arguments: JournalExam.questions)
    func postgres(question: JournalExam.Question) async throws {
        let place = try await PostgresPlace()
        try await question.ask(place.open(), place.open(identity: "another"))
    }
}
