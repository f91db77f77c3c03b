/// A JSON object read as Go reads one into a struct: names match in any letter case, null leaves a field as it was, a wrong type is an error, unknown names are passed over.
struct LenientObject {
    private let members: [JSONValue.Member]

    init(_ body: [UInt8]) throws(PluginProblem) {
        let value: JSONValue
        do { value = try JSONReader.read(body) } catch { throw .badRequest("malformed JSON: \(error)") }
        switch value {
        case .object(let members): self.members = members
        case .null: members = []
        default: throw .badRequest("malformed JSON: not an object")
        }
    }

    /// The last member of this name that is not null.
    func value(_ name: String) -> JSONValue? {
        members.last { $0.name.lowercased() == name && $0.value != .null }?.value
    }

    func string(_ name: String) throws(PluginProblem) -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.string else { throw wrongType(name) }
        return text
    }

    func bool(_ name: String) throws(PluginProblem) -> Bool {
        guard let value = value(name) else { return false }
        guard let flag = value.bool else { throw wrongType(name) }
        return flag
    }

    func integer(_ name: String) throws(PluginProblem) -> Int? {
        guard let value = value(name) else { return nil }
        guard let number = value.integer else { throw wrongType(name) }
        return number
    }

    func strings(_ name: String) throws(PluginProblem) -> [String] {
        guard let value = value(name) else { return [] }
        guard let items = value.array else { throw wrongType(name) }
        var texts: [String] = []
        for item in items {
            guard let text = item.string else { throw wrongType(name) }
            texts.append(text)
        }
        return texts
    }

    /// The numbers as a vector literal; nil when absent or empty.
    func vector(_ name: String) throws(PluginProblem) -> String? {
        guard let value = value(name) else { return nil }
        guard let items = value.array else { throw wrongType(name) }
        var digits: [String] = []
        for item in items {
            guard case .number(let text) = item else { throw wrongType(name) }
            digits.append(text)
        }
        return digits.isEmpty ? nil : "[\(digits.joined(separator: ","))]"
    }

    func objectText(_ name: String) throws(PluginProblem) -> String? {
        guard let value = value(name) else { return nil }
        guard case .object = value else { throw wrongType(name) }
        return value.text
    }

    func moment(_ name: String) throws(PluginProblem) -> String? {
        guard let text = try string(name) else { return nil }
        let shape = #/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+\-]\d{2}:\d{2})/#
        guard text.wholeMatch(of: shape) != nil else { throw .badRequest("\(name): not an RFC 3339 time") }
        return text
    }

    private func wrongType(_ name: String) -> PluginProblem { .badRequest("malformed JSON: wrong type for \(name)") }
}
