import Foundation

/// Which hosts are registered and heard of, asked for fifty at a time.
actor SSMPresence {
    /// Why nothing should be sent to a host; nil if it is there, or if we may not ask.
    typealias Absence = String

    private static let together = 50
    private static let gathering = Duration.milliseconds(20)
    /// How long one that was there is not asked after again.
    private static let trusted = Duration.seconds(60)

    private let client: SSMClient
    private var heard: [String: ContinuousClock.Instant] = [:]
    private var asking: [String: [CheckedContinuation<Absence?, Never>]] = [:]
    private var isGathering = false

    init(client: SSMClient) { self.client = client }

    func absence(of instance: String) async -> Absence? {
        if let last = heard[instance], ContinuousClock.now - last < Self.trusted { return nil }
        return await withCheckedContinuation { continuation in
            asking[instance, default: []].append(continuation)
            guard !isGathering else { return }
            isGathering = true
            Task { await self.gather() }
        }
    }

    /// It did not behave as one that is there.
    func doubt(_ instance: String) { heard[instance] = nil }

    // MARK: - Non public

    private func gather() async {
        try? await Task.sleep(for: Self.gathering)
        isGathering = false
        var all = asking
        asking = [:]
        await withTaskGroup(of: Void.self) { group in
            while !all.isEmpty {
                let batch = Array(all.keys.sorted().prefix(Self.together))
                let waiting = batch.map { ($0, all.removeValue(forKey: $0) ?? []) }
                group.addTask {
                    let absences = await self.ask(batch)
                    for (instance, continuations) in waiting { for one in continuations { one.resume(returning: absences[instance]) } }
                }
            }
        }
    }

    private func ask(_ batch: [String]) async -> [String: Absence] {
        do {
            var found: [DescribeInstanceInformation.Instance] = []
            var next: String?
            repeat {
                let answer = try await client.ask(DescribeInstanceInformation(filters: [.init(key: "InstanceIds", values: batch)], next: next))
                found += answer.instances ?? []
                next = answer.next
            } while next != nil
            return judge(batch, found)
        } catch {
            // One that is not known may spoil the question for the others.
            if case .refused("InvalidInstanceId", _) = error {
                guard batch.count > 1 else { return [batch[0]: Self.unknown(client.region)] }
                let half = batch.count / 2
                let (one, other) = (await ask(Array(batch[..<half])), await ask(Array(batch[half...])))
                return one.merging(other) { first, _ in first }
            }
            // Not to be allowed to ask keeps nobody from sending.
            if case .refused = error { return [:] }
            return Dictionary(uniqueKeysWithValues: batch.map { ($0, error.detail) })
        }
    }

    private func judge(_ batch: [String], _ found: [DescribeInstanceInformation.Instance]) -> [String: Absence] {
        var absences: [String: Absence] = [:]
        for instance in batch {
            guard let one = found.first(where: { $0.id == instance }) else {
                absences[instance] = Self.unknown(client.region)
                continue
            }
            if one.ping == nil || one.ping == "Online" { heard[instance] = .now } else {
                let last = one.lastHeard.map { ", last heard of at \(SSMTime.text($0))" } ?? ""
                absences[instance] = "its agent does not answer Systems Manager (\(one.ping ?? "?")\(last))"
            }
        }
        return absences
    }

    private static func unknown(_ region: String) -> Absence {
        "no such host is registered with Systems Manager in \(region): it is stopped, its agent is down, it may not register, or it lies elsewhere"
    }
}
