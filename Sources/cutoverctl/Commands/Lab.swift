import ArgumentParser
import Foundation

struct Lab: Command {
    static let configuration = CommandConfiguration(abstract: "A real fleet on this machine (runs the program cutover-lab).")

    @Argument(parsing: .captureForPassthrough, help: "What cutover-lab is to do: up, down, status and more.")
    var words: [String] = []

    func carryOut(_ console: Console) async throws -> CommandExit {
        let program = ThisProgram.sibling("cutover-lab")
        let why: String
        if FileManager.default.isExecutableFile(atPath: program) {
            why = "\(program): \(ThisProgram.become(program, words))"
        } else {
            why = "cutover-lab is not beside this program (\(program))"
        }
        throw CommandFailure("the lab can't be run", why: why, next: "build both programs into one folder: swift build")
    }
}
