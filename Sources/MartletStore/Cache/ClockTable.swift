/// A bounded table of documents with second-chance eviction: a hand goes round, takes the mark of what was used since
/// it last came by, and evicts what has none.
struct ClockTable {
    private struct Entry {
        let key: KeyBytes
        var document: Document?
        var isUsed: Bool

        var bytes: Int { key.bytes.count + (document?.body.count ?? 0) }
    }

    private let limits: CacheLimits
    private var entries: [Entry] = []
    private var places: [KeyBytes: Int] = [:]
    private var hand = 0
    private(set) var bytes = 0

    init(_ limits: CacheLimits) { self.limits = limits }

    var count: Int { entries.count }

    /// The entry of this key: nil when there is none, `.some(nil)` when the document is known to be absent.
    subscript(_ key: KeyBytes) -> Document?? {
        places[key].map { entries[$0].document }
    }

    mutating func markUsed(_ key: KeyBytes) {
        if let place = places[key] { entries[place].isUsed = true }
    }

    mutating func set(_ key: KeyBytes, _ document: Document?) {
        if let place = places[key] {
            bytes -= entries[place].bytes
            entries[place].document = document
            bytes += entries[place].bytes
        } else {
            let entry = Entry(key: key, document: document, isUsed: false)
            places[key] = entries.count
            entries.append(entry)
            bytes += entry.bytes
        }
        while !entries.isEmpty, entries.count > limits.documents || bytes > limits.bytes { evictOne(sparing: key) }
    }

    mutating func removeAll() {
        self = ClockTable(limits)
    }

    /// What was just set goes last, else a full table whose other entries are all in use would never take a new one.
    private mutating func evictOne(sparing key: KeyBytes) {
        for _ in 0..<(2 * entries.count) {
            if hand >= entries.count { hand = 0 }
            if entries[hand].isUsed {
                entries[hand].isUsed = false
            } else if entries[hand].key != key {
                return remove(at: hand)
            }
            hand += 1
        }
        remove(at: places[key] ?? 0)
    }

    private mutating func remove(at place: Int) {
        bytes -= entries[place].bytes
        places[entries[place].key] = nil
        let last = entries.removeLast()
        if place < entries.count {
            entries[place] = last
            places[last.key] = place
        }
    }
}
