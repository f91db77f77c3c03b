/// Reads a stored status line by hand: the general reader of JSON takes twenty times as long, and a fleet has ten thousand of them.
///
/// It takes the form in which a line is stored, and of that only what most lines have. Nil for anything else, which the general reader takes.
struct StatusLineText {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var place = 0

    static func status(_ text: String) -> TenantStatus? {
        var text = text
        return text.withUTF8 { bytes in
            var line = StatusLineText(bytes: bytes)
            guard let status = line.status(), line.place == bytes.count else { return nil }
            return status
        }
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    private enum Value {
        case text(String), flag(Bool), stand(Stand)
        var text: String? { if case .text(let text) = self { text } else { nil } }
        var flag: Bool? { if case .flag(let flag) = self { flag } else { nil } }
    }

    private mutating func status() -> TenantStatus? {
        var (tenant, wave, milestone, phase, step) = (String?.none, String?.none, String?.none, String?.none, String?.none)
        var (state, since, held, next) = (TenantStatus.State?.none, String?.none, String?.none, String?.none)
        var (trouble, exposed, atRest, stand) = (Trouble?.none, Bool?.none, Bool?.none, Stand?.none)
        guard take("{") else { return nil }
        repeat {
            if take("\"tenant\":") { tenant = text() } else if take("\"wave\":") { wave = text() } else if take("\"milestone\":") { milestone = text() }
            else if take("\"phase\":") { phase = text() } else if take("\"step\":") { step = text() } else if take("\"since\":") { since = text() }
            else if take("\"next\":") { next = text() } else if take("\"held\":") {
                held = text()
                if held == nil { return nil }
            } else if take("\"state\":") {
                state = text().flatMap { TenantStatus.State(rawValue: $0) }
            } else if take("\"trouble\":") {
                trouble = text().flatMap { Trouble(rawValue: $0) }
                if trouble == nil { return nil }
            } else if take("\"exposed\":") {
                exposed = flag()
                if exposed == nil { return nil }
            } else if take("\"atRest\":") {
                atRest = flag()
                if atRest == nil { return nil }
            } else if take("\"stand\":") {
                stand = self.stand()
                if stand == nil { return nil }
            } else {
                return nil
            }
        } while take(",")
        guard take("}"), let tenant, let wave, let milestone, let phase, let step, let state, let since, let next else { return nil }
        var status = TenantStatus(
            tenant: TenantID(tenant), wave: wave, milestone: milestone, phase: phase, step: step, state: state, since: since, held: held, next: next,
            trouble: trouble, exposed: exposed, atRest: atRest)
        status.stand = stand
        return status
    }

    private mutating func stand() -> Stand? {
        var fields = Stand.Fields()
        guard take("{") else { return nil }
        repeat {
            if take("\"rules\":") { fields.rules = number() } else if take("\"plan\":") { fields.plan = text() } else if take("\"revision\":") { fields.revision = number() }
            else if take("\"head\":") { fields.head = text() } else if take("\"noted\":") { fields.noted = number() } else if take("\"hasBegun\":") { fields.hasBegun = flag() }
            else if take("\"isOfPlan\":") { fields.isOfPlan = flag() } else if take("\"isStopped\":") { fields.isStopped = flag() }
            else if take("\"isAbandoned\":") { fields.isAbandoned = flag() } else if take("\"needs\":") { fields.needs = number() } else if take("\"needsFrom\":") {
                fields.needsFrom = text().flatMap { Timestamp($0) }
                if fields.needsFrom == nil { return nil }
            } else if take("\"verified\":") {
                fields.verified = moments()
            } else {
                return nil
            }
        } while take(",")
        return take("}") ? Stand(fields) : nil
    }

    private mutating func moments() -> [String: Timestamp]? {
        guard take("{") else { return nil }
        if take("}") { return [:] }
        var moments: [String: Timestamp] = [:]
        repeat {
            guard let step = text(), take(":"), let at = text().flatMap({ Timestamp($0) }) else { return nil }
            moments[step] = at
        } while take(",")
        return take("}") ? moments : nil
    }

    /// Nil for one with an escape in it.
    private mutating func text() -> String? {
        guard take("\"") else { return nil }
        let start = place
        while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
            if bytes[place] == UInt8(ascii: "\\") { return nil }
            place += 1
        }
        let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<place]), as: UTF8.self)
        return take("\"") ? text : nil
    }

    private mutating func flag() -> Bool? { take("true") ? true : take("false") ? false : nil }

    private mutating func number() -> Int? {
        let start = place
        var number = 0
        while place < bytes.count, (48...57).contains(bytes[place]), place - start < 18 {
            number = number * 10 + Int(bytes[place] - 48)
            place += 1
        }
        return place > start ? number : nil
    }

    private mutating func take(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard place + count <= bytes.count else { return false }
        for index in 0..<count where bytes[place + index] != word.utf8Start[index] { return false }
        place += count
        return true
    }
}

extension TenantStatus {
    /// Nil unless `line` is a status line as it is stored.
    public init?(line: String) {
        if let status = StatusLineText.status(line) {
            self = status
            return
        }
        guard let status = try? CanonicalJSON.value(TenantStatus.self, from: line) else { return nil }
        self = status
    }
}
