import Foundation

/// The inputs that are kept: a folder a target, a file an input. Those called `crash-…` once broke something.
struct Corpus {
    let folder: String

    init(_ folder: String) { self.folder = folder }

    static let own = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Corpus").path

    /// In the order of their names.
    func inputs(of target: String) throws -> [(name: String, bytes: [UInt8])] {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(target)")) ?? []).sorted()
        return try names.map { ($0, Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(target)/\($0)")))) }
    }

    /// Answers the file's path.
    func keep(_ bytes: Data, of target: String) throws -> String {
        let sum = bytes.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        let path = "\(folder)/\(target)/crash-\(String(sum, radix: 16))"
        try FileManager.default.createDirectory(atPath: "\(folder)/\(target)", withIntermediateDirectories: true)
        try bytes.write(to: URL(fileURLWithPath: path))
        return path
    }
}
