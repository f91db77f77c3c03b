import Foundation
import Testing

@testable import Transports

@Suite("where AWS's keys come from", .serialized) struct CredentialTests {
    private func key(_ environment: [String: String]) async throws -> String { try await AWSCredentialChain(environment: environment).credentials().accessKeyID }

    private func refusal(_ environment: [String: String]) async throws -> String {
        try #require(await #expect(throws: AWSCredentialFailure.self) { try await AWSCredentialChain(environment: environment).credentials() }).description
    }

    /// Each source there is, in the order in which they count; a test below asks botocore whether that is so.
    private struct Sources {
        let givers: KeyGivers
        static let names = ["variables", "role", "web identity", "shared file", "process", "settings", "container", "instance"]

        /// An environment in which exactly those are there.
        func environment(_ chosen: Set<String>) throws -> [String: String] {
            let folder = "set-\(Self.names.map { chosen.contains($0) ? "1" : "0" }.joined())"
            try FileManager.default.createDirectory(atPath: "\(givers.home)/\(folder)", withIntermediateDirectories: true)
            var more = ["AWS_CONFIG_FILE": "\(givers.home)/\(folder)/config", "AWS_SHARED_CREDENTIALS_FILE": "\(givers.home)/\(folder)/credentials"]
            var config = "[default]\nregion = eu-central-1\n", credentials = "[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = s\n[default]\n"
            if chosen.contains("variables") { more.merge(["AWS_ACCESS_KEY_ID": "AKIDVARIABLE", "AWS_SECRET_ACCESS_KEY": "s"]) { $1 } }
            if chosen.contains("role") { config += "role_arn = arn:aws:iam::123456789012:role/one\nsource_profile = base\n" }
            if chosen.contains("web identity") {
                try givers.write("\(folder)/token", "web-token")
                more.merge(["AWS_WEB_IDENTITY_TOKEN_FILE": "\(givers.home)/\(folder)/token", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/two"]) { $1 }
            }
            if chosen.contains("shared file") { credentials += "aws_access_key_id = AKIDSHARED\naws_secret_access_key = s\n" }
            if chosen.contains("process") {
                try givers.write("\(folder)/give", "#!/bin/sh\necho '{\"Version\":1,\"AccessKeyId\":\"AKIDPROCESS\",\"SecretAccessKey\":\"s\"}'\n", executable: true)
                config += "credential_process = '\(givers.home)/\(folder)/give' \"a b\"\n"
            }
            if chosen.contains("settings") { config += "aws_access_key_id = AKIDSETTINGS\naws_secret_access_key = s\n" }
            if chosen.contains("container") { more["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "\(givers.address)/container" }
            if chosen.contains("instance") { more["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = givers.address }
            try givers.write("\(folder)/config", config)
            try givers.write("\(folder)/credentials", credentials)
            return givers.nothing(but: more)
        }
    }

    @Test("of any two sources, and of all, the same one is taken that botocore takes", .timeLimit(.minutes(10)))
    func order() async throws {
        let givers = try await KeyGivers.start()
        let sources = Sources(givers: givers)
        let pairs = Sources.names.flatMap { one in Sources.names.map { Set([one, $0]) } }
        let environments = try Set(pairs + [[], Set(Sources.names)]).map { try sources.environment($0) }
        // Where there is nothing at all it complains of the instance's service.
        let theirs = try await givers.botocore(environments).map { $0.hasPrefix("refused") ? "none" : $0 }
        #expect(Set(theirs) == ["AKIDVARIABLE", "AKIDROLEone0", "AKIDWEBtwo0", "AKIDSHARED", "AKIDPROCESS", "AKIDSETTINGS", "AKIDCONTAINER0", "AKIDINSTANCE0", "none"])
        for (environment, theirs) in zip(environments, theirs) {
            let ours = await (try? key(environment)) ?? "none"
            #expect(ours == theirs, "\(environment["AWS_CONFIG_FILE"] ?? "")")
        }
    }

    @Test("profiles are read as botocore reads them", arguments: [
        ["AWS_PROFILE": "plain"], ["AWS_PROFILE": "two words"], ["AWS_PROFILE": "both"], ["AWS_PROFILE": "chained"], ["AWS_PROFILE": "self"], ["AWS_PROFILE": "odd"],
        ["AWS_PROFILE": "by-process"], ["AWS_PROFILE": "by-variables", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""], ["AWS_PROFILE": "plain", "AWS_ACCESS_KEY_ID": "AKIDVARIABLE", "AWS_SECRET_ACCESS_KEY": "s"],
        ["AWS_PROFILE": "plain", "AWS_DEFAULT_PROFILE": "both"], ["AWS_PROFILE": "nobody"], ["AWS_PROFILE": "circle"], ["AWS_PROFILE": "half"], ["AWS_PROFILE": "sourceless"],
        ["AWS_PROFILE": "by-container"], ["AWS_PROFILE": "by-instance"], ["AWS_PROFILE": "two-sources"], ["AWS_PROFILE": "no-source-there"], ["AWS_PROFILE": "no-such-source"],
    ])
    func profiles(variables: [String: String]) async throws {
        let givers = try await KeyGivers.start()
        let role = "role_arn = arn:aws:iam::123456789012:role"
        try givers.write(".aws/config", """
            # of settings
            [profile plain]
            aws_access_key_id = AKIDPLAIN
            aws_secret_access_key=a=b
            [profile "two words"]
              ; indented comment
            AWS_ACCESS_KEY_ID = AKIDTWO
            aws_secret_access_key = s
            s3 =
              max_concurrent_requests = 20
            [profile both]
            aws_access_key_id = AKIDSETTINGS
            aws_secret_access_key = s
            [profile chained]
            \(role)/outer
            source_profile = middle
            external_id = outside
            [profile middle]
            \(role)/inner
            source_profile = both
            [profile self]
            \(role)/own
            source_profile = self
            aws_access_key_id = AKIDSELF
            aws_secret_access_key = s
            [profile by-process]
            \(role)/processed
            source_profile = processed
            [profile processed]
            credential_process = /bin/echo '{"Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": "s"}'
            [profile by-variables]
            \(role)/variable
            credential_source = Environment
            [profile by-container]
            \(role)/contained
            credential_source = EcsContainer
            [profile by-instance]
            \(role)/instanced
            credential_source = Ec2InstanceMetadata
            [profile circle]
            \(role)/round
            source_profile = circle2
            [profile circle2]
            \(role)/round
            source_profile = circle
            [profile half]
            aws_access_key_id = AKIDHALF
            [profile sourceless]
            \(role)/none
            [profile two-sources]
            \(role)/none
            source_profile = plain
            credential_source = Environment
            [profile no-source-there]
            \(role)/none
            source_profile = nobody
            [profile no-such-source]
            \(role)/none
            credential_source = Moon
            [odd]
            aws_access_key_id = AKIDNOPROFILE
            aws_secret_access_key = s

            """)
        try givers.write(".aws/credentials", "[both]\naws_access_key_id : AKIDBOTH\naws_secret_access_key : s\n[odd]\naws_access_key_id = AKIDODD\naws_secret_access_key = s\n")
        var environment = givers.nothing(but: variables)
        if variables["AWS_PROFILE"]?.hasPrefix("by-") == true {
            environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "\(givers.address)/container"
            environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = givers.address
        }
        if environment["AWS_ACCESS_KEY_ID"] == "" { (environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]) = (nil, nil) }
        let theirs = try await givers.botocore([environment])[0]
        let ours = await (try? key(environment)) ?? "refused"
        #expect(ours == (theirs.hasPrefix("refused") ? "refused" : theirs))
        if variables["AWS_PROFILE"] == "chained" {
            #expect(try await givers.asked().suffix(3).contains("AssumeRole arn:aws:iam::123456789012:role/outer by AKIDROLEinner0 with outside"))
        }
    }

    @Test("what only a person at a browser or with a device could give is refused with words", arguments: [
        ("sso_session = x\nsso_account_id = 1", "browser"), ("login_session = x", "browser"), ("role_arn = a\nsource_profile = default\nmfa_serial = m", "device"),
    ])
    func persons(text: String, word: String) async throws {
        let givers = try await KeyGivers.start()
        try givers.write(".aws/config", "[default]\n\(text)\n")
        #expect(try await refusal(givers.nothing).contains(word))
    }

    @Test("where there is nothing it is said what to do, and the instance's service is not asked when it is turned off")
    func none() async throws {
        let givers = try await KeyGivers.start()
        #expect(try await refusal(givers.nothing).contains("AWS_PROFILE"))
        #expect(try await refusal(givers.nothing(but: ["AWS_EC2_METADATA_SERVICE_ENDPOINT": givers.address, "AWS_EC2_METADATA_DISABLED": "true"])).contains("AWS_PROFILE"))
        #expect(try await givers.asked() == [])
    }

    @Test("an instance without the second version of its service is not asked by the first")
    func firstVersion() async throws {
        let givers = try await KeyGivers.start()
        try await givers.rule(["down": ["/latest/api/token"]])
        #expect(try await refusal(givers.nothing(but: ["AWS_EC2_METADATA_SERVICE_ENDPOINT": givers.address])).contains("AWS_PROFILE"))
        #expect(try await givers.asked() == ["PUT /latest/api/token"])
    }

    @Test("the container's token is read anew each time, and one with a line's end is refused")
    func containerToken() async throws {
        let givers = try await KeyGivers.start()
        let environment = givers.nothing(but: [
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(givers.address)/container", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "\(givers.home)/token",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "outweighed",
        ])
        let hand = Hand()
        let chain = AWSCredentialChain(environment: environment) { hand.now }
        for token in ["first", "second"] {
            try givers.write("token", token)
            try await givers.rule(["authorization": token])
            #expect(try await chain.credentials().accessKeyID == "AKIDCONTAINER0")
            hand.move(3000)
        }
        #expect(try await givers.asked() == ["GET /container first", "GET /container second"])
        for end in ["\n", "\r\n", "\rX-Other: 1"] {
            try givers.write("token", "third\(end)")
            #expect(try await refusal(environment).contains("line's end"))
        }
        #expect(try await givers.asked().count == 2)
    }

    @Test("keys are asked for without TLS only where nobody listens in", arguments: [
        ("http://127.0.0.1:80/x", true), ("http://127.8.9.1/x", true), ("http://[::1]/x", true), ("http://localhost:9/x", true), ("http://169.254.170.2/x", true),
        ("http://169.254.170.23/x", true), ("http://[fd00:ec2::23]/x", true), ("https://example.com/x", true), ("http://example.com/x", false),
        ("http://127.0.0.1.example.com/x", false), ("http://127.0.0.1@example.com/x", false), ("http://example.com\\@127.0.0.1/x", false), ("ftp://127.0.0.1/x", false),
        ("http://169.254.169.254/x", false), ("http://127.0.0.1 .example.com/", false), ("127.0.0.1/x", false), ("http://[::2]/x", false),
    ])
    func containerHosts(url: String, isAllowed: Bool) { #expect(ContainerCredentials.isAllowed(url) == isAllowed) }

    @Test("a relative address leads to the container's host")
    func relative() async throws {
        let givers = try await KeyGivers.start()
        let container = ContainerCredentials(environment: ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/container", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com"], base: givers.address)
        #expect(try await container?.fetch().accessKeyID == "AKIDCONTAINER0")
    }

    @Test("a process that fails or says something else is told without its words", arguments: [
        ("echo a-secret >&2; echo a-secret; exit 3", "ended with 3"), ("echo a-secret", "no JSON"), ("echo '{\"Version\":2,\"AccessKeyId\":\"a-secret\"}'", "version 2"),
        ("echo '{\"Version\":1,\"AccessKeyId\":\"a-secret\"}'", "no AccessKeyId and SecretAccessKey"),
        ("echo '{\"Version\":1,\"AccessKeyId\":\"a-secret\",\"SecretAccessKey\":\"s\",\"Expiration\":\"soon\"}'", "no time"),
    ])
    func process(script: String, word: String) async throws {
        let givers = try await KeyGivers.start()
        try givers.write("give me", "#!/bin/sh\n\(script)\n", executable: true)
        try givers.write(".aws/config", "[default]\ncredential_process = \"\(givers.home)/give me\" \\\"x\n")
        let said = try await refusal(givers.nothing)
        #expect(said.contains(word) && !said.contains("a-secret"))
    }

    @Test("keys are fetched anew well before they run out, once for all who want them, and old ones serve while that fails")
    func refresh() async throws {
        let givers = try await KeyGivers.start()
        let hand = Hand()
        let chain = AWSCredentialChain(environment: givers.nothing(but: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(givers.address)/container"])) { hand.now }
        func all() async throws -> Set<String> {
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<50 { group.addTask { try await chain.credentials().accessKeyID } }
                return try await group.reduce(into: []) { $0.insert($1) }
            }
        }
        #expect(try await all() == ["AKIDCONTAINER0"])
        #expect(try await givers.asked().count == 1)
        hand.move(3600 - 16 * 60)
        #expect(try await all() == ["AKIDCONTAINER0"])
        #expect(try await givers.asked().count == 1)
        // Less than a quarter of an hour is left.
        try await givers.rule(["serial": 1, "down": ["/container"]])
        hand.move(2 * 60)
        #expect(try await chain.credentials().accessKeyID == "AKIDCONTAINER0")
        // The clock of the givers is not moved: what they give must be good for longer than this one is ahead.
        try await givers.rule(["down": [String](), "seconds": 10 * 3600])
        #expect(try await all() == ["AKIDCONTAINER1"])
        try await givers.rule(["down": ["/container"]])
        hand.move(12 * 3600)
        await #expect(throws: AWSCredentialFailure.self) { try await chain.credentials() }
    }

    @Test("keys that are good for less than half an hour are fetched anew when half of that is over")
    func short() async throws {
        let givers = try await KeyGivers.start()
        let hand = Hand()
        try await givers.rule(["seconds": 600])
        let chain = AWSCredentialChain(environment: givers.nothing(but: ["AWS_EC2_METADATA_SERVICE_ENDPOINT": givers.address])) { hand.now }
        _ = try await chain.credentials()
        hand.move(240)
        _ = try await chain.credentials()
        #expect(try await givers.asked().count == 3)
        hand.move(120)
        _ = try await chain.credentials()
        #expect(try await givers.asked().count == 6)
    }

    @Test("keys that AWS refuses are not used again if others are to be had")
    func refused() async throws {
        let givers = try await KeyGivers.start()
        let manager = try await SystemsManager.start()
        try givers.write(".aws/credentials", "[default]\naws_access_key_id = AKIDOLD\naws_secret_access_key = old\n")
        try await manager.control("keys", ["AKIDNEW": ["new", ""]])
        let client = SSMClient(region: "eu-central-1", settings: manager.settings, credentials: AWSCredentialChain(environment: givers.nothing))
        let error = await #expect(throws: SSMError.self) { try await client.ask(ListCommands(filters: [], next: nil)) }
        #expect(error.map { $0.wantsOtherKeys } == true)
        try givers.write(".aws/credentials", "[default]\naws_access_key_id = AKIDNEW\naws_secret_access_key = new\n")
        _ = try await client.ask(ListCommands(filters: [CommandFilter(key: "DocumentName", value: "AWS-RunShellScript")], next: nil))
    }
}
