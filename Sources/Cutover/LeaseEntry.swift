/// What a journal keeps about one stream's lease. Pure: every backend stores it and asks it, none decides for itself.
public struct LeaseEntry: Sendable, Equatable {
    public let stream: StreamID
    /// Nil when nobody holds it: never granted, or given back.
    public let holder: String?
    /// The number of the newest grant; it never falls.
    public let fence: Int
    public let until: Timestamp

    public init(stream: StreamID, holder: String?, fence: Int, until: Timestamp) {
        self.stream = stream
        self.holder = holder
        self.fence = fence
        self.until = until
    }

    public static func never(_ stream: StreamID) -> Self {
        Self(stream: stream, holder: nil, fence: 0, until: Timestamp(milliseconds: 0))
    }

    /// The entry after a grant: its holder renews under the number it has, anyone else gets a higher one.
    /// Throws `.leased` while another holder's runs, unless `gone` says that holder has died.
    public func granted(
        to newHolder: String, until newUntil: Timestamp, now: Timestamp, gone: (String) -> Bool
    ) throws(JournalError) -> Self {
        if newHolder == holder { return Self(stream: stream, holder: newHolder, fence: fence, until: newUntil) }
        if let holder, until > now, !gone(holder) { throw .leased(stream, to: holder, until: until) }
        return Self(stream: stream, holder: newHolder, fence: fence + 1, until: newUntil)
    }

    /// The entry after `lease` was given back; nil when it is not the newest and nothing changes.
    public func returned(_ lease: Lease) -> Self? {
        guard lease.fence == fence, lease.holder == holder else { return nil }
        return Self(stream: stream, holder: nil, fence: fence, until: until)
    }

    /// The entry after which every grant has a number above `fence`; nil when that is so already.
    public func raised(above fence: Int) -> Self? {
        guard self.fence < fence else { return nil }
        return Self(stream: stream, holder: nil, fence: fence, until: until)
    }

    /// Throws `.superseded` unless `lease` is the newest and `events` were made under it. Notes carry no number and need no lease.
    public func admit(_ events: [Event], under lease: Lease?) throws(JournalError) {
        if let lease, lease.fence != fence || lease.holder != holder {
            throw .superseded(stream, fence: lease.fence, newest: fence)
        }
        for event in events where event.fence != 0 && event.fence != lease?.fence {
            throw .superseded(stream, fence: event.fence, newest: fence)
        }
    }

    public func holder(at now: Timestamp) -> String? { until > now ? holder : nil }

    /// The lease as its holder knows it; nil when nobody holds it.
    public var lease: Lease? {
        holder.map { Lease(stream: stream, holder: $0, fence: fence, until: until) }
    }
}
