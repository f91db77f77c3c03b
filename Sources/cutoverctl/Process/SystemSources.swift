import Cutover
import Foundation

/// The machine's clock.
struct SystemTime: TimeSource {
    var now: Timestamp { Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down))) }

    func sleep(milliseconds: Int) async throws(CancellationError) {
        do { try await Task.sleep(for: .milliseconds(milliseconds)) } catch { throw CancellationError() }
    }
}

/// The machine's chance.
struct SystemRandom: RandomSource {
    func bytes(_ count: Int) -> [UInt8] {
        var source = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &source) }
    }
}
