/// The members of a JSON object in the order in which they were written. A name that is set twice keeps its first
/// place and its last value.
public struct JSONObject: Hashable, Sendable {
    public struct Member: Hashable, Sendable {
        public var name: String
        public var value: JSONValue
    }

    public private(set) var members: [Member] = []
    /// Name to position, built only for objects that are too long to search one by one.
    private var positions: [String: Int] = [:]
    private static let searchLimit = 16

    public init() {}

    public init(_ members: some Sequence<(String, JSONValue)>) {
        for (name, value) in members { self[name] = value }
    }

    public var isEmpty: Bool { members.isEmpty }
    public var count: Int { members.count }
    public var names: [String] { members.map(\.name) }

    public subscript(_ name: String) -> JSONValue? {
        get { position(of: name).map { members[$0].value } }
        set {
            if let newValue { set(name, newValue) } else { remove(name) }
        }
    }

    private func position(of name: String) -> Int? {
        if members.count > Self.searchLimit { return positions[name] }
        return members.firstIndex { $0.name == name }
    }

    private mutating func set(_ name: String, _ value: JSONValue) {
        if let position = position(of: name) {
            members[position].value = value
            return
        }
        members.append(Member(name: name, value: value))
        if members.count == Self.searchLimit + 1 {
            reindex()
        } else if members.count > Self.searchLimit {
            positions[name] = members.count - 1
        }
    }

    private mutating func remove(_ name: String) {
        guard let position = position(of: name) else { return }
        members.remove(at: position)
        reindex()
    }

    private mutating func reindex() {
        positions.removeAll()
        guard members.count > Self.searchLimit else { return }
        for (position, member) in members.enumerated() { positions[member.name] = position }
    }

    /// Two objects are equal when they have the same members, whatever their order (RFC 8259 section 4).
    public static func == (one: JSONObject, other: JSONObject) -> Bool {
        one.count == other.count && one.members.allSatisfy { other[$0.name] == $0.value }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        for name in names.sorted() { hasher.combine(name) }
    }
}

extension JSONObject: Sequence {
    public func makeIterator() -> IndexingIterator<[Member]> { members.makeIterator() }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }
}
