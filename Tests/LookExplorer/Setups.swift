/// What is explored.
enum Setups {
    static let lawful: [Setup] = plain + exceptions + found + persons + several + others

    private static let plain: [Setup] = [
        Setup(name: "2+2", sampled: true),
        Setup(name: "2+2, row not in v1", start: [.nothing], sampled: true),
        Setup(name: "3+2", agents: [(0, 3), (1, 2)]),
        Setup(name: "2+3", agents: [(0, 2), (1, 3)]),
        Setup(name: "3+3", agents: [(0, 3), (1, 3)]),
        Setup(name: "2+2, two writers", writers: 2),
        Setup(name: "3+2, two writers, row not in v1", agents: [(0, 3), (1, 2)], writers: 2, start: [.nothing]),
        Setup(name: "1+1+2, two agents in v1", agents: [(0, 1), (0, 1), (1, 2)], sampled: true),
    ]

    private static let exceptions: [Setup] = [
        Setup(name: "rows without a place, 2+2", homeless: true, sampled: true),
        Setup(name: "rows without a place, 3+2", agents: [(0, 3), (1, 2)], homeless: true),
        Setup(name: "rows without a place, 2+3, in step", agents: [(0, 2), (1, 3)], start: [.live], copies: false, homeless: true),
        Setup(name: "rows without a place, 2+2, two writers", writers: 2, homeless: true),
        Setup(name: "texts v2 refuses, 3+2", agents: [(0, 3), (1, 2)], refused: true),
        Setup(name: "texts v2 refuses, 2+2", refused: true, sampled: true),
        Setup(name: "texts v2 refuses, 2+2, two writers", writers: 2, refused: true),
        Setup(name: "rows that get a place, 3+1", agents: [(0, 3), (1, 1)], start: [.homeless], homeless: true, movesTree: true),
        Setup(name: "rows that get a place, 2+2", start: [.homeless], homeless: true, movesTree: true),
    ]

    private static let found: [Setup] = [
        Setup(name: "equal row found in v2, 2+2", start: [.equalInBoth], sampled: true),
        Setup(name: "equal row found in v2, 3+2", agents: [(0, 3), (1, 2)], start: [.equalInBoth]),
        Setup(name: "unequal row found in v2, 2+2", start: [.unequalInBoth], sampled: true),
        Setup(name: "unequal row found in v2, 3+2", agents: [(0, 3), (1, 2)], start: [.unequalInBoth]),
        Setup(name: "row found in v2 alone, 2+2", start: [.v2Only]),
        Setup(name: "equal and unequal rows found, 1+2, two ids", ids: 2, agents: [(0, 1), (1, 2)], start: [.equalInBoth, .unequalInBoth]),
    ]

    private static let persons: [Setup] = [
        Setup(name: "a person chooses, 2+2", start: [.conflict], copies: false, person: true, sampled: true),
        Setup(name: "a person chooses, 3+2", agents: [(0, 3), (1, 2)], start: [.conflict], copies: false, person: true),
        Setup(name: "a person chooses, 2+2, rows without a place", start: [.conflict], copies: false, homeless: true, person: true),
        Setup(name: "a person chooses, 2+2, from the copy on", start: [.v1], person: true),
    ]

    private static let several: [Setup] = [
        Setup(name: "two ids, 2+1", ids: 2, agents: [(0, 2), (1, 1)], start: [.v1, .v1], sampled: true),
        Setup(name: "two ids, 2+2", ids: 2, agents: [(0, 2), (1, 2)], start: [.v1, .v1]),
        Setup(name: "two ids, 1+1, two writers", ids: 2, agents: [(0, 1), (1, 1)], writers: 2, start: [.v1, .live]),
        Setup(name: "truncated, 3+2", agents: [(0, 3), (1, 2)], start: [.v1], truncates: true, sampled: true),
        Setup(name: "truncated, 2+2, two ids", ids: 2, start: [.live, .nothing], copies: false, truncates: true),
        Setup(name: "truncated, 2+2, two writers", writers: 2, start: [.live], copies: false, truncates: true),
        Setup(name: "moved, 2+2", movesTree: true, sampled: true),
        Setup(name: "moved, 3+2", agents: [(0, 3), (1, 2)], movesTree: true),
        Setup(name: "moved by another, 1+1+1, two ids", ids: 2, agents: [(0, 1), (0, 1), (1, 1)], start: [.v1, .live], movesTree: true),
        Setup(name: "moved, 2+2, two writers", writers: 2, movesTree: true),
    ]

    private static let others: [Setup] = [
        Setup(name: "embeddings, 2+2", embeddings: true, sampled: true),
        Setup(name: "embeddings, 3+2", agents: [(0, 3), (1, 2)], embeddings: true),
        Setup(name: "embeddings only v2 has, 2+2", embeddings: true, sharesEmbeddings: false),
        Setup(name: "power fails, 2+1", agents: [(0, 2), (1, 1)], powerFails: true, sampled: true),
        Setup(name: "power fails, 2+2", powerFails: true),
        Setup(name: "power fails, 1+1, two ids", ids: 2, agents: [(0, 1), (1, 1)], start: [.v1, .live], powerFails: true),
    ]

    static let naive: [Setup] = [
        Setup(name: "cursor", agents: [(0, 1), (0, 1), (1, 1)], start: [.live], copies: false, variant: .cursorBySequence),
        Setup(name: "no placed", agents: [(0, 1), (1, 0)], variant: .noPlaced),
        Setup(name: "copy inserts", agents: [(0, 2), (1, 0)], variant: .copyInsertsIfAbsent),
        Setup(name: "no lock", variant: .digestCheckWithoutLock),
        Setup(name: "read, then consume", start: [.live], copies: false, variant: .readThenConsume),
        Setup(name: "deduplicated", start: [.live], copies: false, variant: .deduplicatedLog),
        Setup(name: "no del", start: [.live], copies: false, variant: .logWithoutDel),
        Setup(name: "enumerating", agents: [(0, 1), (0, 1), (1, 0)], start: [.nothing], copies: false, variant: .triggersThatEnumerate, movesTree: true),
        Setup(name: "placed by writes", agents: [(0, 2), (1, 0)], writers: 2, variant: .placedOnlyByWrites),
        Setup(name: "refused", agents: [(0, 3), (1, 0)], start: [.live], copies: false, variant: .refusalKeepsOldLife, refused: true),
        Setup(name: "adopted late", start: [.equalInBoth], variant: .adoptionByTheCopy),
        Setup(name: "snapshot first", agents: [(0, 2), (1, 2)], start: [.nothing], copies: false, variant: .snapshotBeforeLock, truncates: true),
        Setup(name: "choice", start: [.conflict], copies: false, variant: .choiceWithoutCondition, person: true),
        Setup(name: "expanding", writers: 2, variant: .expandsBesideLooks, movesTree: true),
        Setup(name: "deaths without order", variant: .deathsWithoutOrder),
    ]
}
