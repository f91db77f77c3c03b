import DataPath

/// What to run.
struct Options: Sendable {
    var seeds = 2
    var from = 1
    var seconds = 6.0
    var variant: LookVariant?
    /// Nil: one locked writer and three unlocked ones by turns.
    var writers: Int?
    var allVariants = false
    var postgres = 16

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        func value(_ name: String) throws -> String {
            guard let value = rest.popFirst() else { throw Misuse(what: "\(name) wants a value") }
            return value
        }
        func number(_ name: String) throws -> Int {
            guard let number = Int(try value(name)), number > 0 else { throw Misuse(what: "\(name) wants a positive number") }
            return number
        }
        while let argument = rest.popFirst() {
            switch argument {
            case "--seeds": seeds = try number(argument)
            case "--from": from = try number(argument)
            case "--seconds": seconds = Double(try number(argument))
            case "--writers":
                writers = try number(argument)
                guard writers == 1 || writers == 3 else { throw Misuse(what: "--writers is 1 or 3") }
            case "--variant":
                let name = try value(argument)
                guard let known = LookVariant(rawValue: name) else {
                    throw Misuse(what: "no variant \(name): \(LookVariant.allCases.map(\.rawValue).joined(separator: " "))")
                }
                variant = known
            case "--all-variants": allVariants = true
            case "--postgres":
                postgres = try number(argument)
                guard postgres == 16 || postgres == 18 else { throw Misuse(what: "--postgres is 16 or 18") }
            default: throw Misuse(what: "unknown argument \(argument)")
            }
        }
    }
}

struct Misuse: Error, CustomStringConvertible {
    let what: String
    var description: String { what }
}
