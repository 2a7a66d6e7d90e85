import MQTTCodec
import MartletStore
import NIOCore

/// Subscriptions by their filters as clients send them: what begins with `$share/` joins or leaves a group.
extension SubscriptionTable {
    func subscribe(to filter: UnsafeRawBufferPointer, _ entry: SubscriptionEntry) {
        if let share = ShareName(filter) {
            insertShared(group: share.name, filter: share.matched, entry)
        } else {
            insert(filter: filter, entry)
        }
    }

    /// The queue of the group that a shared filter names.
    func setQueue(_ number: StoreNumber, of filter: UnsafeRawBufferPointer) {
        guard let share = ShareName(filter) else { return }
        setQueue(number.rawValue, group: share.name, filter: share.matched)
    }

    func unsubscribe(from filter: UnsafeRawBufferPointer, _ ref: ConnectionRef) {
        if let share = ShareName(filter) {
            removeShared(group: share.name, filter: share.matched, loop: ref.loop, subscriber: ref.slot)
        } else {
            remove(filter: filter, loop: ref.loop, subscriber: ref.slot)
        }
    }

    func change(
        _ filter: UnsafeRawBufferPointer, of ref: ConnectionRef, _ change: (inout SubscriptionEntry) -> Void
    ) {
        if let share = ShareName(filter) {
            updateShared(group: share.name, filter: share.matched, loop: ref.loop, subscriber: ref.slot, change)
        } else {
            update(filter: filter, loop: ref.loop, subscriber: ref.slot, change)
        }
    }
}

/// The parts of `$share/{name}/{filter}` `[MQTT-4.8.2-1]` `[MQTT-4.8.2-2]`; nil for a filter that is not shared.
struct ShareName {
    let name: UnsafeRawBufferPointer
    /// What is matched with topics.
    let matched: UnsafeRawBufferPointer

    private static let prefixBytes = 7

    /// The filter is valid.
    init?(_ filter: UnsafeRawBufferPointer) {
        guard TopicFilter.beginsLikeShared(filter) else { return nil }
        let rest = UnsafeRawBufferPointer(rebasing: filter[Self.prefixBytes...])
        guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return nil }
        name = UnsafeRawBufferPointer(rebasing: rest[..<slash])
        matched = UnsafeRawBufferPointer(rebasing: rest[(slash + 1)...])
    }
}

extension ByteBuffer {
    /// The filter of a shared subscription.
    var isSharedFilter: Bool { withUnsafeReadableBytes(TopicFilter.beginsLikeShared) }
}
