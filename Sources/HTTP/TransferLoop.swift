import CCurl
import CrashPoints
import Foundation
import Synchronization

/// A thread that drives curl's multi interface; whoever asks waits in a continuation, so that nothing blocks the cooperative pool.
///
/// `@unchecked Sendable` is sound: after `init` the multi handle is used by the loop's own thread alone, but for
/// `curl_multi_wakeup`, which libcurl documents as safe from any thread, and which is only called under the inbox's lock while
/// the inbox says that the loop has not ended, before which the handle is not freed. Everything else shared lies in the inbox.
final class TransferLoop: @unchecked Sendable {
    static let started: Void = { curl_global_init(Int(CURL_GLOBAL_DEFAULT)) }()

    private struct Inbox {
        var orders: [Order] = []
        var someoneGaveUp = false
        var isToEnd = false
        var ended = false
    }

    private let multi: UnsafeMutableRawPointer?
    private let keepsAlive: Bool
    private let inbox = Mutex(Inbox())

    /// - Parameter connections: at most so many at once; 0 leaves it open.
    init(connections: Int, keepsAlive: Bool) {
        _ = Self.started
        self.keepsAlive = keepsAlive
        multi = curl_multi_init()
        guard let multi else {
            inbox.withLock { $0.ended = true }
            return
        }
        if connections > 0 {
            ccurl_multi_setopt_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections)
            ccurl_multi_setopt_long(multi, CURLMOPT_MAXCONNECTS, connections)
        }
        Thread { self.run() }.start()
    }

    func carryOut(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        CrashPoint.reached(HTTPRequest.effect(request.method, request.url).map { "\($0) begun" })
        defer { CrashPoint.reached(HTTPRequest.effect(request.method, request.url).map { "\($0) answered" }) }
        let ticket = Ticket()
        let result: Result<HTTPResponse, HTTPError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let taken = inbox.withLock { inbox in
                    guard !inbox.ended else { return false }
                    inbox.orders.append(Order(request: request, ticket: ticket, continuation: continuation))
                    wake()
                    return true
                }
                if !taken { continuation.resume(returning: .failure(.unreachable("the client has ended"))) }
            }
        } onCancel: {
            ticket.isGivenUp.store(true, ordering: .relaxed)
            inbox.withLock { inbox in
                inbox.someoneGaveUp = true
                if !inbox.ended { wake() }
            }
        }
        return try result.get()
    }

    /// What is under way fails; the thread ends.
    func end() {
        inbox.withLock { inbox in
            inbox.isToEnd = true
            if !inbox.ended { wake() }
        }
    }

    // MARK: - Non public

    /// Under the inbox's lock.
    private func wake() { _ = multi.map { curl_multi_wakeup($0) } }

    private func run() {
        guard let multi else { return }
        var transfers: [UnsafeMutableRawPointer: Transfer] = [:]
        var spare: [UnsafeMutableRawPointer] = []
        var running: Int32 = 0
        while true {
            let (orders, someoneGaveUp, isToEnd) = inbox.withLock { inbox in
                defer { (inbox.orders, inbox.someoneGaveUp) = ([], false) }
                return (inbox.orders, inbox.someoneGaveUp, inbox.isToEnd)
            }
            for order in orders { begin(order, multi, &transfers, &spare) }
            if someoneGaveUp || isToEnd {
                for (easy, transfer) in transfers where isToEnd || transfer.order.ticket.isGivenUp.load(ordering: .relaxed) {
                    curl_multi_remove_handle(multi, easy)
                    transfers[easy] = nil
                    transfer.giveUp("the request was given up")
                    curl_easy_cleanup(easy)
                }
            }
            if isToEnd { break }
            curl_multi_perform(multi, &running)
            collect(multi, &transfers, &spare)
            curl_multi_poll(multi, nil, 0, 1000, nil)
        }
        let late = inbox.withLock { inbox in
            inbox.ended = true
            defer { inbox.orders = [] }
            return inbox.orders
        }
        for order in late { order.continuation.resume(returning: .failure(.unreachable("the client has ended"))) }
        for easy in spare { curl_easy_cleanup(easy) }
        curl_multi_cleanup(multi)
    }

    private func begin(
        _ order: Order, _ multi: UnsafeMutableRawPointer, _ transfers: inout [UnsafeMutableRawPointer: Transfer],
        _ spare: inout [UnsafeMutableRawPointer]
    ) {
        guard !order.ticket.isGivenUp.load(ordering: .relaxed) else {
            return order.continuation.resume(returning: .failure(.unreachable("the request was given up before it was sent")))
        }
        guard let easy = spare.popLast() ?? curl_easy_init() else {
            return order.continuation.resume(returning: .failure(.unreachable("libcurl gave no handle")))
        }
        let transfer = Transfer(order, easy, keepsAlive: keepsAlive)
        transfers[easy] = transfer
        curl_multi_add_handle(multi, easy)
    }

    private func collect(
        _ multi: UnsafeMutableRawPointer, _ transfers: inout [UnsafeMutableRawPointer: Transfer], _ spare: inout [UnsafeMutableRawPointer]
    ) {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            // The message does not outlive the handle's removal.
            let code = ccurl_message_result(message)
            curl_multi_remove_handle(multi, easy)
            transfers.removeValue(forKey: easy)?.finish(code)
            if keepsAlive {
                curl_easy_reset(easy)
                spare.append(easy)
            } else {
                curl_easy_cleanup(easy)
            }
        }
    }
}

/// Whether the one who asked still waits.
final class Ticket: Sendable {
    let isGivenUp = Atomic(false)
}

/// A request and the one who waits for its answer.
struct Order: Sendable {
    let request: HTTPRequest
    let ticket: Ticket
    let continuation: CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>
}
