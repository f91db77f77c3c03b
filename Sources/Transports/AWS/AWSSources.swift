import Foundation

/// Where keys may be, in the order in which AWS's own tools look: variables, the role of a profile, web identity, the file of keys, a
/// process, the file of settings, the container, the instance.
struct AWSSources: Sendable {
    typealias Fetch = @Sendable () async throws(AWSCredentialFailure) -> AWSCredentials?

    let environment: [String: String]
    let profiles: AWSProfiles

    init(environment: [String: String]) throws(AWSCredentialFailure) {
        self.environment = environment
        profiles = try AWSProfiles(environment: environment)
    }

    /// The first of them that there is. Only of the last does nobody know before it is asked.
    func first() throws(AWSCredentialFailure) -> Fetch {
        if let keys = EnvironmentCredentials.named(environment) { return { () async throws(AWSCredentialFailure) in try keys.keys() } }
        if profiles.isNamed, profiles[profiles.name] == nil {
            throw AWSCredentialFailure("there is no profile \(profiles.name): correct AWS_PROFILE, or add it to ~/.aws/config")
        }
        if Self.assumes(profiles[profiles.name]) { return try role(of: profiles.name, after: []) }
        if let found = try ofProfile(profiles.name, alsoVariables: true) { return found }
        if let container = ContainerCredentials(environment: environment) { return { () async throws(AWSCredentialFailure) in try await container.fetch() } }
        let instance = InstanceCredentials(environment: environment)
        return { () async throws(AWSCredentialFailure) in try await instance.fetch() }
    }

    // MARK: - Non public

    /// A role that is assumed by other keys.
    private static func assumes(_ profile: [String: String]?) -> Bool { profile?["role_arn"] != nil && profile?["web_identity_token_file"] == nil }

    private static func holdsKeys(_ profile: [String: String]) -> Bool { profile["aws_access_key_id"] != nil || profile["aws_secret_access_key"] != nil }

    /// What a profile says itself, its role left out.
    private func ofProfile(_ name: String, alsoVariables: Bool) throws(AWSCredentialFailure) -> Fetch? {
        let profile = profiles[name] ?? [:]
        func said(_ key: String, _ variable: String) -> String? { (alsoVariables ? environment[variable] : nil) ?? profile[key] }
        if let file = said("web_identity_token_file", "AWS_WEB_IDENTITY_TOKEN_FILE"), !file.isEmpty {
            guard let arn = said("role_arn", "AWS_ROLE_ARN"), !arn.isEmpty else {
                throw AWSCredentialFailure("a web identity token is named and no role: set AWS_ROLE_ARN, or role_arn in the profile")
            }
            let role = STSRole(arn: arn, session: said("role_session_name", "AWS_ROLE_SESSION_NAME"), profile: profile)
            let sts = STSClient(environment: environment, region: profile["region"])
            return { () async throws(AWSCredentialFailure) in try await sts.assume(role, byTokenIn: file) }
        }
        if profile.keys.contains(where: { $0.hasPrefix("sso_") }) || profile["login_session"] != nil {
            throw AWSCredentialFailure(
                "the profile \(name) signs in by a browser, which this program has none of: run aws configure export-credentials --profile \(name) --format env and use what it prints")
        }
        if let keys = try Self.keys(profiles.credentials[name], name) { return { () async throws(AWSCredentialFailure) in keys } }
        if let command = profile["credential_process"] {
            let process = ProcessCredentials(command: command, environment: environment)
            return { () async throws(AWSCredentialFailure) in try await process.fetch() }
        }
        if let keys = try Self.keys(profiles.config[name], name) { return { () async throws(AWSCredentialFailure) in keys } }
        return nil
    }

    private static func keys(_ profile: [String: String]?, _ name: String) throws(AWSCredentialFailure) -> AWSCredentials? {
        guard let id = profile?["aws_access_key_id"] else { return nil }
        guard let secret = profile?["aws_secret_access_key"] else { throw AWSCredentialFailure("the profile \(name) has an aws_access_key_id and no aws_secret_access_key") }
        return AWSCredentials(accessKeyID: id, secretAccessKey: secret, sessionToken: profile?["aws_session_token"])
    }

    private func role(of name: String, after visited: [String]) throws(AWSCredentialFailure) -> Fetch {
        let profile = profiles[name] ?? [:]
        if profile["mfa_serial"] != nil {
            throw AWSCredentialFailure("the role of the profile \(name) wants a code of a device, which nobody is there to type: use keys of a session in AWS_ACCESS_KEY_ID")
        }
        let source = try source(of: name, profile, visited + [name])
        let role = STSRole(arn: profile["role_arn"] ?? "", session: profile["role_session_name"], profile: profile)
        let sts = STSClient(environment: environment, region: profile["region"] ?? profiles[profiles.name]?["region"])
        return { () async throws(AWSCredentialFailure) in
            guard let keys = try await source() else { throw AWSCredentialFailure("there are no keys by which to assume the role of the profile \(name)") }
            return try await sts.assume(role, by: keys)
        }
    }

    /// By whose keys a role is assumed.
    private func source(of name: String, _ profile: [String: String], _ visited: [String]) throws(AWSCredentialFailure) -> Fetch {
        switch (profile["source_profile"], profile["credential_source"]) {
        case (nil, nil): throw AWSCredentialFailure("the profile \(name) has a role_arn and neither source_profile nor credential_source")
        case (_?, _?): throw AWSCredentialFailure("the profile \(name) has both source_profile and credential_source")
        case (nil, "Environment"?):
            guard let keys = EnvironmentCredentials.named(environment) else { throw AWSCredentialFailure("the profile \(name) wants keys in AWS_ACCESS_KEY_ID, which is not set") }
            return { () async throws(AWSCredentialFailure) in try keys.keys() }
        case (nil, "EcsContainer"?):
            guard let container = ContainerCredentials(environment: environment) else { throw AWSCredentialFailure("the profile \(name) wants a container's keys, and no variable says where they are") }
            return { () async throws(AWSCredentialFailure) in try await container.fetch() }
        case (nil, "Ec2InstanceMetadata"?):
            let instance = InstanceCredentials(environment: environment)
            return { () async throws(AWSCredentialFailure) in try await instance.fetch() }
        case (nil, let other?): throw AWSCredentialFailure("the profile \(name) has the credential_source \(other), which there is not: Environment, EcsContainer or Ec2InstanceMetadata")
        case (let source?, nil):
            guard let other = profiles[source] else { throw AWSCredentialFailure("the profile \(name) has the source_profile \(source), which there is not") }
            // A profile may name itself, if it has keys of its own.
            if visited.contains(source), source != name || !Self.holdsKeys(other) {
                throw AWSCredentialFailure("the profiles \((visited + [source]).joined(separator: ", ")) name each other in a circle")
            }
            if Self.holdsKeys(other) || !Self.assumes(other) {
                guard let found = try ofProfile(source, alsoVariables: false) else { throw AWSCredentialFailure("the profile \(source), of whose keys \(name) has a role, has none") }
                return found
            }
            return try role(of: source, after: visited)
        }
    }
}
