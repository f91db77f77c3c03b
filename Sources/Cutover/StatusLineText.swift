/// Reads a stored status line by hand: a fleet has ten thousand of them.
///
/// It takes the form in which a line is stored, and of that only what most lines have. Nil for anything else, which the general reader takes.
struct StatusLineText {
    private var reader: ByteReader

    static func status(_ text: String) -> TenantStatus? {
        var text = text
        return text.withUTF8 { bytes in
            var line = StatusLineText(reader: ByteReader(bytes))
            guard let status = line.status(), line.reader.isAtEnd else { return nil }
            return status
        }
    }

    private enum Value {
        case text(String), flag(Bool), stand(Stand)
        var text: String? { if case .text(let text) = self { text } else { nil } }
        var flag: Bool? { if case .flag(let flag) = self { flag } else { nil } }
    }

    private mutating func status() -> TenantStatus? {
        var (tenant, wave, milestone, phase, step) = (String?.none, String?.none, String?.none, String?.none, String?.none)
        var (state, since, held, next) = (TenantStatus.State?.none, String?.none, String?.none, String?.none)
        var (trouble, exposed, atRest, stand) = (Trouble?.none, Bool?.none, Bool?.none, Stand?.none)
        guard reader.take("{") else { return nil }
        repeat {
            if reader.take("\"tenant\":") { tenant = reader.string() } else if reader.take("\"wave\":") { wave = reader.string() } else if reader.take("\"milestone\":") { milestone = reader.string() }
            else if reader.take("\"phase\":") { phase = reader.string() } else if reader.take("\"step\":") { step = reader.string() } else if reader.take("\"since\":") { since = reader.string() }
            else if reader.take("\"next\":") { next = reader.string() } else if reader.take("\"held\":") {
                held = reader.string()
                if held == nil { return nil }
            } else if reader.take("\"state\":") {
                state = reader.string().flatMap { TenantStatus.State(rawValue: $0) }
            } else if reader.take("\"trouble\":") {
                trouble = reader.string().flatMap { Trouble(rawValue: $0) }
                if trouble == nil { return nil }
            } else if reader.take("\"exposed\":") {
                exposed = flag()
                if exposed == nil { return nil }
            } else if reader.take("\"atRest\":") {
                atRest = flag()
                if atRest == nil { return nil }
            } else if reader.take("\"stand\":") {
                stand = self.stand()
                if stand == nil { return nil }
            } else {
                return nil
            }
        } while reader.take(",")
        guard reader.take("}"), let tenant, let wave, let milestone, let phase, let step, let state, let since, let next else { return nil }
        var status = TenantStatus(
            tenant: TenantID(tenant), wave: wave, milestone: milestone, phase: phase, step: step, state: state, since: since, held: held, next: next,
            trouble: trouble, exposed: exposed, atRest: atRest)
        status.stand = stand
        return status
    }

    private mutating func stand() -> Stand? {
        var fields = Stand.Fields()
        guard reader.take("{") else { return nil }
        repeat {
            if reader.take("\"rules\":") { fields.rules = number() } else if reader.take("\"plan\":") { fields.plan = reader.string() } else if reader.take("\"revision\":") { fields.revision = number() }
            else if reader.take("\"head\":") { fields.head = reader.string() } else if reader.take("\"noted\":") { fields.noted = number() } else if reader.take("\"hasBegun\":") { fields.hasBegun = flag() }
            else if reader.take("\"isOfPlan\":") { fields.isOfPlan = flag() } else if reader.take("\"isStopped\":") { fields.isStopped = flag() }
            else if reader.take("\"isAbandoned\":") { fields.isAbandoned = flag() } else if reader.take("\"needs\":") { fields.needs = number() } else if reader.take("\"needsFrom\":") {
                fields.needsFrom = reader.string().flatMap { Timestamp($0) }
                if fields.needsFrom == nil { return nil }
            } else if reader.take("\"verified\":") {
                fields.verified = moments()
            } else {
                return nil
            }
        } while reader.take(",")
        return reader.take("}") ? Stand(fields) : nil
    }

    private mutating func moments() -> [String: Timestamp]? {
        guard reader.take("{") else { return nil }
        if reader.take("}") { return [:] }
        var moments: [String: Timestamp] = [:]
        repeat {
            guard let step = reader.string(), reader.take(":"), let at = reader.string().flatMap({ Timestamp($0) }) else { return nil }
            moments[step] = at
        } while reader.take(",")
        return reader.take("}") ? moments : nil
    }

    private mutating func flag() -> Bool? { reader.take("true") ? true : reader.take("false") ? false : nil }

    private mutating func number() -> Int? {
        let start = reader.place
        var number = 0
        while !reader.isAtEnd, (48...57).contains(reader.bytes[reader.place]), reader.place - start < 18 {
            number = number * 10 + Int(reader.bytes[reader.place] - 48)
            reader.place += 1
        }
        return reader.place > start ? number : nil
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
