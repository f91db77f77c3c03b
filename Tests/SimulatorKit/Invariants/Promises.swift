/// All that is judged: the twelve promises, and that the journal explains the world.
public enum Promises {
    public static func all() -> [any Invariant] {
        [
            IntentBeforeAct(), DoubtIsVerified(), LookingChangesNothing(), WayBackIsProven(), MemoriesAreKept(), NoEvidenceIsNotGreen(), DropAsksAgain(), NeverTwoHands(),
            BudgetHolds(), NeverBackward(), RecordIsWhole(), SecretsStay(), JournalExplainsTheWorld(),
        ]
    }
}
