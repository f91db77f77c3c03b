/// The fields of a request, each checked as the service's model says.
struct SSMInput {
    let fields: JSONValue

    init(_ body: [UInt8]) throws(SSMProblem) {
        guard let value = try? JSONReader.read(body), case .object = value else { throw .malformed }
        fields = value
    }

    init(_ fields: JSONValue) { self.fields = fields }

    func text(_ name: String, length: ClosedRange<Int> = 0...Int.max, like pattern: String? = nil) throws(SSMProblem) -> String? {
        guard let value = given(name) else { return nil }
        guard let text = value.string else { throw .malformed }
        return try Self.checked(text, name, length, pattern)
    }

    func required(_ name: String, length: ClosedRange<Int> = 0...Int.max, like pattern: String? = nil) throws(SSMProblem) -> String {
        guard let text = try text(name, length: length, like: pattern) else { throw missing(name) }
        return text
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(SSMProblem) -> Int? {
        guard let value = given(name) else { return nil }
        guard let number = value.integer else { throw .malformed }
        if number < range.lowerBound { throw .invalid(String(number), at: Self.member(name), "have value greater than or equal to \(range.lowerBound)") }
        if number > range.upperBound { throw .invalid(String(number), at: Self.member(name), "have value less than or equal to \(range.upperBound)") }
        return number
    }

    func flag(_ name: String) throws(SSMProblem) -> Bool? {
        guard let value = given(name) else { return nil }
        guard let flag = value.bool else { throw .malformed }
        return flag
    }

    func list(_ name: String, count: ClosedRange<Int>) throws(SSMProblem) -> [JSONValue]? {
        guard let value = given(name) else { return nil }
        guard let items = value.array else { throw .malformed }
        if items.count > count.upperBound { throw .invalid("[\(items.count) items]", at: Self.member(name), "have length less than or equal to \(count.upperBound)") }
        if items.count < count.lowerBound { throw .invalid("[]", at: Self.member(name), "have length greater than or equal to \(count.lowerBound)") }
        return items
    }

    func texts(_ name: String, count: ClosedRange<Int>, like pattern: String? = nil) throws(SSMProblem) -> [String]? {
        guard let items = try list(name, count: count) else { return nil }
        var found: [String] = []
        for item in items {
            guard let text = item.string else { throw .malformed }
            found.append(try Self.checked(text, name, 0...Int.max, pattern))
        }
        return found
    }

    func missing(_ name: String) -> SSMProblem { .invalid("null", at: Self.member(name), "not be null") }

    // What the model says of names that come up again and again.
    static let instance = #"(i-(\w{8}|\w{17}))|(mi-\w{17})"#
    static let command = 36...36

    // MARK: - Non public

    private func given(_ name: String) -> JSONValue? {
        guard let value = fields[name], value != .null else { return nil }
        return value
    }

    private static func checked(_ text: String, _ name: String, _ length: ClosedRange<Int>, _ pattern: String?) throws(SSMProblem) -> String {
        let count = text.unicodeScalars.count
        if count > length.upperBound { throw .invalid(text, at: member(name), "have length less than or equal to \(length.upperBound)") }
        if count < length.lowerBound { throw .invalid(text, at: member(name), "have length greater than or equal to \(length.lowerBound)") }
        if let pattern, let wanted = try? Regex(pattern), (try? wanted.wholeMatch(in: text)) == nil {
            throw .invalid(text, at: member(name), "satisfy regular expression pattern: \(pattern)")
        }
        return text
    }

    private static func member(_ name: String) -> String { name.prefix(1).lowercased() + name.dropFirst() }
}
