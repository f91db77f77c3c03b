#if DEBUG
    @testable import Cutover
    @testable import DataPath
    import Foundation
    @testable import HTTP
    @testable import Transports

    /// What hosts, AWS, plugins and places of archives answer.
    extension Target {
        static let wire: [Target] = [
            Target(name: "answer", words: json + ["cutover1 ", "\"status\":\"done\"", "\"result\":"], mend: answered) { bytes in
                guard let answer = HostAnswer.parse(text(bytes)) else { return }
                _ = answer.failure.map { HostWords.taken($0.what) + HostWords.taken($0.next) }
                guard let result = answer.result, HostWords.hasPlainNumbers(result) else { return }
                _ = try? CanonicalJSON.value([HostAnswer].self, from: result)
                _ = try? CanonicalJSON.value(Setting.self, from: result)
            },
            Target(name: "ssh", words: ["\(mark) ready\n", "\n\(mark) ended 0\n", "\n\(mark) end\n", "\(mark) absent\n", "\(mark) free\n", "-9223372036854775808", "\u{1B}[2J"]) { bytes in
                var answer = SSHAnswer(mark: mark)
                var rest = bytes[...]
                while !rest.isEmpty {
                    answer.hearErrors(Array(rest.prefix(37)))
                    answer.hearOutput(Array(rest.prefix(11)))
                    rest = rest.dropFirst(37)
                }
                _ = (answer.code, answer.output.count, answer.errors.count, answer.trouble.count, answer.isAbsent, answer.wasReady, answer.isFree, answer.isNoisy)
            },
            Target(name: "ssm", words: ["\(mark) ended 0 1 2 3 4 ", "\(mark) part ", "\(mark) trouble ", "-1 ", "9223372036854775807 ", "==", "{{"]) { bytes in
                guard case .ended(let ending, let kept)? = SSMAnswer.read(text(bytes), mark: mark), !ending.isEndless else { return }
                _ = Array(stride(from: kept.count, to: ending.characters, by: SSMScript.printed)).count
                _ = ending.unpack(kept)
            },
            Target(name: "aws", words: json + ["\"Status\":", "\"CommandPlugins\":", "\"RequestedDateTime\":1e300", "__type"]) { bytes in
                let data = Data(bytes)
                let invocations = try? JSONDecoder().decode(ListCommandInvocations.Answer.self, from: data)
                for one in invocations?.invocations ?? [] { _ = (SSMFate(status: one.status, details: one.details), SSMAnswer.read(one.output, mark: mark)) }
                _ = try? JSONDecoder().decode(ListCommands.Answer.self, from: data)
                _ = try? JSONDecoder().decode(GetCommandInvocation.Answer.self, from: data)
                _ = try? JSONDecoder().decode(DescribeInstanceInformation.Answer.self, from: data)
                _ = (try? JSONDecoder().decode(SendCommand.Answer.self, from: data)).map { SSMTime.text(($0.command.requested ?? 0) - 120) }
                _ = SSMError(status: 400, headers: ["x-amzn-errortype": text(bytes)], body: bytes).detail
            },
            Target(name: "plugin", words: json + ["\"memories\":[", "\"content\":", "\"propagation\":", "\"message\":"]) { bytes in
                if let node = try? JSONParser.parse(bytes) {
                    // Written as it was read: what the plugin keeps is sent back to it.
                    let again = try? JSONParser.parse(Array(node.text.utf8))
                    precondition(again == node, "what was read is not what was written")
                }
                _ = Contract.found(bytes)?.map { Contract.words($0.content) }
                _ = Contract.problem(HTTPResponse(status: 500, body: bytes, headers: [:]))
                _ = HTTPResponse(status: 503, body: bytes, headers: ["retry-after": text(Array(bytes.prefix(40)))]).retryAfterSeconds
            },
            Target(name: "manifest", words: json + ["\"manifest\":", "\"mac\":", "\"salt\":", "\"keys\":[]"]) { bytes in
                let place = DirectoryPlace(URL(fileURLWithPath: Sandbox.folder("manifest")))
                let table = TableName("public", "agent_memories")
                try? Data(bytes).write(to: place.directory.appendingPathComponent(ArchiveManifest.name(table)))
                _ = try? await ArchiveManifest.peek(place, table)
                _ = try? await ArchiveManifest.read(from: place, table, opener: .shared(key))
            },
            Target(name: "rows", words: ["CUTOVER-ARCHIVE-1\n", "\u{0}\u{0}\u{0}\u{0}", "\u{7F}\u{7F}\u{7F}\u{7F}"], mend: sealed) { bytes in
                let place = DirectoryPlace(URL(fileURLWithPath: Sandbox.folder("rows")))
                try? Data(bytes).write(to: place.directory.appendingPathComponent("rows"))
                guard let cipher = try? ArchiveCipher(key: key, salt: key), var stream = try? await OpeningStream(place, "rows", cipher: cipher, salt: key) else { return }
                while let chunk = try? await stream.chunk() { precondition(chunk.count <= ArchiveCipher.chunkBytes, "a chunk has \(chunk.count) bytes") }
            },
        ]

        private static let mark = "cutover-0123456789abc"
        private static let key = [UInt8](repeating: 7, count: 32)

        /// With its right length and digest.
        @Sendable private static func answered(_ bytes: [UInt8]) -> [UInt8] {
            let json = text(bytes).replacingOccurrences(of: "\n", with: " ")
            return Array("cutover1 \(json.utf8.count) \(Digest.sha256(json)) \(json)\n".utf8)
        }

        /// As one chunk that is authentic, whatever is in it.
        @Sendable private static func sealed(_ bytes: [UInt8]) -> [UInt8] {
            let chunk = try? ArchiveCipher(key: key, salt: key).seal(bytes, number: 0, isLast: true)
            return ArchiveCipher.magic + key + (chunk ?? [])
        }
    }
#endif
