internal import MartletBase

/// The textual encoding of RFC 7468. Reading is as tolerant as OpenSSL's: text around the blocks, any line length and
/// either line ending. Writing is strict: 64 columns and a final newline.
enum PEM {
    struct Block: Hashable {
        var label: String
        var der: [UInt8]
    }

    static func text(label: String, der: some Collection<UInt8>) -> String {
        var text = "-----BEGIN \(label)-----\n"
        var rest = Base64.text(der)[...]
        while !rest.isEmpty {
            text += rest.prefix(64) + "\n"
            rest = rest.dropFirst(64)
        }
        return text + "-----END \(label)-----\n"
    }

    /// The first block that has one of the labels; nil when there is none or it is malformed.
    static func first(labelled labels: Set<String>, in text: String) -> Block? {
        var open: (label: String, body: [UInt8])?
        for line in text.utf8.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            let line = trimmed(line)
            if let label = boundary("BEGIN", line) {
                open = labels.contains(label) ? (label, []) : nil
            } else if let label = boundary("END", line), let block = open {
                guard label == block.label, !block.body.isEmpty,
                    let der = Base64.bytes(String(decoding: block.body, as: UTF8.self))
                else { return nil }
                return Block(label: label, der: der)
            } else if open != nil {
                open?.body += line.filter { !isBlank($0) }
            }
        }
        return nil
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private static func trimmed(_ line: Substring.UTF8View) -> [UInt8] {
        var bytes = Array(line.drop(while: isBlank))
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        return bytes
    }

    private static func boundary(_ word: String, _ line: [UInt8]) -> String? {
        let opening = Array("-----\(word) ".utf8)
        let closing = Array("-----".utf8)
        guard line.count > opening.count + closing.count, line.starts(with: opening), line.suffix(5) == closing[...]
        else { return nil }
        return String(decoding: line[opening.count..<(line.count - closing.count)], as: UTF8.self)
    }
}
