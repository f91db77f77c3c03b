/// Finds the name that somebody probably meant.
public enum Spelling {
    /// The candidate with the fewest edits to `word`; nil when even that one is too far off to be a slip.
    public static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        let typed = word.lowercased()
        var best: (name: String, edits: Int)?
        for candidate in candidates.sorted() {
            let name = candidate.lowercased()
            let allowed = max(1, min(typed.count, name.count) / 3)
            // Each letter more is an edit; without this, a key of a million letters would be compared letter by letter.
            guard abs(typed.count - name.count) <= allowed else { continue }
            let edits = distance(typed, name)
            if edits <= allowed, edits < best?.edits ?? .max { best = (candidate, edits) }
        }
        if let best { return best.name }
        // Half a name, such as `archive` for `legacy.archive`, is many edits away and still plain.
        let holding = candidates.filter { typed.count >= 3 && $0.lowercased().contains(typed) }
        return holding.count == 1 ? holding.first : nil
    }

    /// Insertions, deletions, replacements and swaps of neighbours that lead from one text to the other.
    static func distance(_ left: String, _ right: String) -> Int {
        let (a, b) = (Array(left), Array(right))
        if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
        var earlier = [Int](repeating: 0, count: b.count + 1)
        var above = Array(0...b.count)
        for i in 1...a.count {
            var row = [i] + [Int](repeating: 0, count: b.count)
            for j in 1...b.count {
                row[j] = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { row[j] = min(row[j], earlier[j - 2] + 1) }
            }
            (earlier, above) = (above, row)
        }
        return above[b.count]
    }
}
