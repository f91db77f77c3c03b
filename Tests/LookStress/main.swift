import DataPath
import Foundation

// look-stress [--seeds N] [--from S] [--seconds T] [--variant NAME] [--writers 1|3] [--all-variants] [--postgres 16|18]
// look-stress writer URL VARIANT LOCK

let arguments = Array(CommandLine.arguments.dropFirst())
if arguments.first == "writer" {
    await WriterProcess.main(Array(arguments.dropFirst()))
}
do {
    let options = try Options(arguments)
    exit(try await Campaign(options: options).run() ? 0 : 1)
} catch {
    FileHandle.standardError.write(Data("look-stress: \(error)\n".utf8))
    exit(64)
}
