import Foundation

// look-explorer [--all] [--only NAME]… [--states N]

var only: [String] = []
var all = false
var atMost = 60_000_000
var rest = CommandLine.arguments.dropFirst()
while let word = rest.popFirst() {
    switch word {
    case "--all": all = true
    case "--only": if let name = rest.popFirst() { only.append(name) }
    case "--states": if let number = rest.popFirst().flatMap({ Int($0) }) { atMost = number }
    default:
        FileHandle.standardError.write(Data("look-explorer: unknown argument \(word)\n".utf8))
        exit(64)
    }
}
exit(Survey(all: all, only: only, atMost: atMost).run() ? 0 : 1)
