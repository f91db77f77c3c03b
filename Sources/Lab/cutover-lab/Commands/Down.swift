import ArgumentParser
import LabKit

struct Down: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop everything that belongs to the lab, whoever started it; its data is kept.")

    @OptionGroup var lab: LabRoot

    @Flag(help: "Also remove the lab's folder and all it holds.")
    var wipe = false

    func run() throws {
        try LabFelling(root: lab.root) { print($0) }.fell(wipe: wipe)
    }
}
