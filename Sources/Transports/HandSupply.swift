import Cutover
import Foundation

/// What is put on hosts: this program as it was built, or bundles, one an architecture.
struct HandSupply: Sendable {
    enum Form: String, Sendable { case program, bundle }

    struct Piece: Sendable {
        let form: Form
        let file: ProgramFile
    }

    /// Why there is nothing to put there.
    struct Lacking: Error, CustomStringConvertible { let description: String }

    private let program: ProgramFile
    private let bundles: String?

    /// - Parameter bundles: a bundle, or a folder of them, as `make bundle` makes them (`cutoverctl-ARCHITECTURE.tar.gz`); nil puts `program`
    ///   itself there.
    init(program: String, bundles: String?) {
        self.program = ProgramFile(path: program)
        self.bundles = bundles
    }

    /// What fits a host of that architecture, as `uname -m` calls it.
    func piece(for machine: String) throws(Lacking) -> Piece {
        let pieces = try pieces()
        if let piece = pieces[machine] { return piece }
        let built = pieces.keys.sorted().joined(separator: ", ")
        throw Lacking(
            description: "the host is \(machine), and \(bundles == nil ? "this program was built for \(built)" : "\(bundles ?? "") has a bundle for \(built) only"): type make bundle on a machine of its kind, and name the folder of all bundles by --bundle")
    }

    /// For whichever architecture.
    func digests() async throws -> Set<String> {
        var digests: Set<String> = []
        for piece in try pieces().values { digests.insert(try await piece.file.digest()) }
        return digests
    }

    /// By architecture; never empty.
    func pieces() throws(Lacking) -> [String: Piece] {
        guard let bundles else { return [Self.ownMachine: Piece(form: .program, file: program)] }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: bundles, isDirectory: &isFolder) else { throw Lacking(description: "there is no bundle at \(bundles): make bundle") }
        let paths = isFolder.boolValue ? ((try? FileManager.default.contentsOfDirectory(atPath: bundles)) ?? []).map { "\(bundles)/\($0)" } : [bundles]
        var pieces: [String: Piece] = [:]
        for path in paths {
            let name = URL(fileURLWithPath: path).lastPathComponent
            guard name.hasPrefix("cutoverctl-"), name.hasSuffix(".tar.gz") else { continue }
            pieces[String(name.dropFirst(11).dropLast(7))] = Piece(form: .bundle, file: ProgramFile(path: path))
        }
        guard !pieces.isEmpty else { throw Lacking(description: "\(bundles) is no bundle and holds none (cutoverctl-ARCHITECTURE.tar.gz): make bundle") }
        return pieces
    }

    #if arch(x86_64)
        static let ownMachine = "x86_64"
    #elseif arch(arm64)
        static let ownMachine = "aarch64"
    #else
        static let ownMachine = ""
    #endif
}

/// What a look at a host's program said.
struct HandSighting: Sendable, Equatable {
    /// As `uname -m` calls it.
    let machine: String
    /// Nil where no program stands.
    let digest: String?
    let isBundle: Bool
    /// Of a bundle; a program has another digest then.
    var isDamaged: Bool { digest == "damaged" }

    /// From how the probe ended, and what it said.
    init(_ exitCode: Int, _ output: String, _ errors: String, _ host: TenantHost) throws(TransportError) {
        // Before them stands what the host's login had to say.
        let wanted = exitCode == 3 ? 1 : 2
        let lines = output.split(separator: "\n").suffix(wanted).map(String.init)
        guard exitCode == 0 || exitCode == 3, lines.count == wanted, let machine = lines.first else {
            throw TransportError(host: host.host, outcome: .neverSent, detail: "the probe ended with \(exitCode): \(output) \(errors)")
        }
        self.machine = machine
        let words = exitCode == 3 ? [] : lines[1].split(separator: " ")
        self.digest = words.first.map(String.init)
        self.isBundle = words.count > 1
    }
}

extension HandSupply {
    /// A host for which there is nothing is told as such before anything is begun there.
    func report(_ seen: HandSighting, _ host: TenantHost) async throws(TransportError) -> HandReport {
        do {
            if let digest = seen.digest { return .present(digest: digest, isThisBuild: try await digests().contains(digest)) }
            _ = try piece(for: seen.machine)
            return .absent
        } catch { throw TransportError(host: host.host, outcome: .neverSent, detail: "\(error)") }
    }

    func successors(of seen: HandSighting, _ host: TenantHost) async throws(TransportError) -> Set<String> {
        guard let digest = seen.digest, !seen.isDamaged, !seen.isBundle || bundles != nil else { return [] }
        do {
            let own = try await digests()
            return own.contains(digest) ? [] : own
        } catch { throw TransportError(host: host.host, outcome: .neverSent, detail: "\(error)") }
    }

    /// What is to be put there, and its digest.
    func choose(_ seen: HandSighting, _ host: TenantHost) async throws(TransportError) -> (Piece, digest: String) {
        do {
            let piece = try piece(for: seen.machine)
            return (piece, try await piece.file.digest())
        } catch let error as Lacking { throw TransportError(host: host.host, outcome: .neverSent, detail: "\(error)") } catch {
            throw TransportError(host: host.host, outcome: .neverSent, detail: "what is to be put there cannot be read: \(error)")
        }
    }
}
