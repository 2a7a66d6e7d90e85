/// What one connection's topics were resolved to: may it publish (or receive) there, and who gets the message.
/// Open addressing over plain memory, so that a hit costs one probe and no reference counting. Bounded in entries and
/// bytes: when it is full it is emptied, since a client that uses that many topics gains nothing from it.
struct TopicCache: ~Copyable {
    /// Bytes of topics and targets together that one cache may hold.
    static let byteLimit = 64 << 10

    struct Entry {
        var hash: UInt64
        var topicStart: UInt32
        var topicCount: UInt32
        var targetStart: UInt32
        var targetCount: UInt32
        var verdict: TopicVerdict
    }

    private var entries: UnsafeMutablePointer<Entry>
    private var capacity = 8
    private var count = 0
    private let limit: Int
    private var topics = PlainArray<UInt8>()
    private var targets = PlainArray<SubscriptionEntry>()

    init(limit: Int) {
        self.limit = limit
        entries = .allocate(capacity: capacity)
        Self.clear(entries, capacity)
    }

    deinit { entries.deallocate() }

    private static func clear(_ entries: UnsafeMutablePointer<Entry>, _ capacity: Int) {
        entries.update(
            repeating: Entry(
                hash: 0, topicStart: 0, topicCount: 0, targetStart: 0, targetCount: 0, verdict: .empty),
            count: capacity)
    }

    func find(_ topic: UnsafeRawBufferPointer, hash: UInt64) -> Entry? {
        var index = Int(truncatingIfNeeded: hash) & (capacity - 1)
        while entries[index].verdict.isUsed {
            let entry = entries[index]
            if entry.hash == hash, Int(entry.topicCount) == topic.count,
                topics.equals(topic, at: Int(entry.topicStart))
            {
                return entry
            }
            index = (index + 1) & (capacity - 1)
        }
        return nil
    }

    func targets(of entry: Entry) -> UnsafeBufferPointer<SubscriptionEntry> {
        targets.slice(Int(entry.targetStart), Int(entry.targetCount))
    }

    /// Keeps the topic, unless it alone would take all the room there is.
    mutating func insert(
        _ topic: UnsafeRawBufferPointer, hash: UInt64, verdict: TopicVerdict,
        targets newTargets: UnsafeBufferPointer<SubscriptionEntry>
    ) {
        let bytes = topic.count + newTargets.count * MemoryLayout<SubscriptionEntry>.stride
        guard bytes <= Self.byteLimit else { return }
        let held = topics.count + targets.count * MemoryLayout<SubscriptionEntry>.stride
        if count >= limit || held + bytes > Self.byteLimit { removeAll() }
        if (count + 1) * 2 > capacity { grow() }
        let entry = Entry(
            hash: hash, topicStart: UInt32(topics.count), topicCount: UInt32(topic.count),
            targetStart: UInt32(targets.count), targetCount: UInt32(newTargets.count), verdict: verdict)
        topics.append(topic.bindMemory(to: UInt8.self))
        targets.append(newTargets)
        place(entry)
        count += 1
    }

    mutating func removeAll() {
        guard count > 0 else { return }
        Self.clear(entries, capacity)
        count = 0
        topics.removeAll()
        targets.removeAll()
    }

    private mutating func place(_ entry: Entry) {
        var index = Int(truncatingIfNeeded: entry.hash) & (capacity - 1)
        while entries[index].verdict.isUsed { index = (index + 1) & (capacity - 1) }
        entries[index] = entry
    }

    private mutating func grow() {
        let (old, oldCapacity) = (entries, capacity)
        capacity *= 2
        entries = .allocate(capacity: capacity)
        Self.clear(entries, capacity)
        for index in 0..<oldCapacity where old[index].verdict.isUsed { place(old[index]) }
        old.deallocate()
    }
}

/// What is known of one topic.
struct TopicVerdict: OptionSet {
    let rawValue: UInt8
    static let empty: TopicVerdict = []
    static let used = TopicVerdict(rawValue: 1)
    static let allowed = TopicVerdict(rawValue: 2)
    static let retainAllowed = TopicVerdict(rawValue: 4)
    /// The topic begins with `$` and no client may publish there.
    static let reserved = TopicVerdict(rawValue: 8)
    /// What denies is an explicit Deny.
    static let explicitlyDenied = TopicVerdict(rawValue: 32)
    /// Some statement reads the time: the decision is asked for anew with every message.
    static let timed = TopicVerdict(rawValue: 16)
    /// The topic is a request to a service.
    static let service = TopicVerdict(rawValue: 64)

    var isUsed: Bool { rawValue & 1 != 0 }
}

/// A growing run of trivial values without reference counting or uniqueness checks.
struct PlainArray<Element: BitwiseCopyable>: ~Copyable {
    private(set) var base: UnsafeMutablePointer<Element>?
    private(set) var count = 0
    private(set) var capacity = 0

    deinit { base?.deallocate() }

    mutating func append(_ elements: UnsafeBufferPointer<Element>) {
        guard let source = elements.baseAddress, !elements.isEmpty else { return }
        reserve(count + elements.count)
        (base! + count).update(from: source, count: elements.count)
        count += elements.count
    }

    mutating func append(_ element: Element) {
        reserve(count + 1)
        base![count] = element
        count += 1
    }

    mutating func reserve(_ needed: Int) {
        guard needed > capacity else { return }
        let larger = max(needed, capacity * 2, 16)
        let new = UnsafeMutablePointer<Element>.allocate(capacity: larger)
        if let base {
            new.update(from: base, count: count)
            base.deallocate()
        }
        base = new
        capacity = larger
    }

    mutating func removeAll() { count = 0 }

    /// Sets the count after the caller wrote into reserved memory.
    mutating func setCount(_ newCount: Int) { count = newCount }

    func slice(_ start: Int, _ count: Int) -> UnsafeBufferPointer<Element> {
        UnsafeBufferPointer(start: base.map { $0 + start }, count: count)
    }

    func equals(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Bool where Element == UInt8 {
        bytes.isEmpty || memoryEqual(base! + start, bytes.baseAddress!, bytes.count)
    }
}
