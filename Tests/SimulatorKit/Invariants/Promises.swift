/// All that is judged: the twelve promises, that hosts remember what they answered, and that the journal explains the world.
public enum Promises {
    @Sendable public static func all() -> [any Invariant] {
        [
            IntentBeforeAct(), DoubtIsVerified(), LookingChangesNothing(), WayBackIsProven(), MemoriesAreKept(), NoEvidenceIsNotGreen(), DropAsksAgain(), NeverTwoHands(),
            BudgetHolds(), NeverBackward(), RecordIsWhole(), SecretsStay(), AnswersAreRemembered(),
            JournalExplainsTheWorld(),
        ]
    }
}
