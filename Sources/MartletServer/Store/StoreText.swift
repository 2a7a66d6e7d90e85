import MartletBase
import MartletStore

/// Figures and names as the `martlet store` commands print them.
enum StoreText {
    static func bytes(_ count: Int) -> String {
        let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(count)
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        if unit == 0 { return "\(count) bytes" }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }

    static func number(_ count: some BinaryInteger) -> String {
        var text = ""
        for (index, digit) in String(count).reversed().enumerated() {
            if index > 0, index % 3 == 0, digit != "-" { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }

    static func sequences(_ ranges: [ClosedRange<UInt64>]) -> String {
        ranges.map { $0.lowerBound == $0.upperBound ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ", ")
    }

    static func sequencesJSON(_ ranges: [ClosedRange<UInt64>]) -> JSONValue {
        .array(ranges.map { ["first": .int($0.lowerBound), "last": .int($0.upperBound)] })
    }

    /// A client chooses its id and its topics: what could steer a terminal is shown as a question mark.
    static func name(_ text: String) -> String { ConnectionsScreen.printable(text) }

    static func plural(_ count: some BinaryInteger, _ one: String, _ many: String? = nil) -> String {
        "\(number(count)) \(count == 1 ? one : many ?? one + "s")"
    }
}

/// Who owns the queues of a log, by the names that people know.
struct QueueOwners {
    private var names: [UInt64: (text: String, json: String)] = [:]

    init(_ picture: LogPicture) {
        for (_, note) in picture.notes(of: .client) {
            if let queue = note.queue { names[queue] = ("client \(StoreText.name(note.label))", note.label) }
        }
        for (_, note) in picture.notes(of: .shareQueue) {
            if let queue = note.queue { names[queue] = ("shared group \(StoreText.name(note.label))", note.label) }
        }
    }

    var queues: Set<UInt64> { Set(names.keys) }
    func text(_ queue: UInt64) -> String { names[queue]?.text ?? "nobody (queue \(queue))" }
    func json(_ queue: UInt64) -> JSONValue { names[queue].map { .string($0.json) } ?? .null }
}
