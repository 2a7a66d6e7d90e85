/// The name of a classic shadow (the thing's) or of a named one. A valid name says nothing about whether the thing or
/// the shadow exists (shadows.md sections 1 and 2).
package struct ShadowName: Hashable, Sendable {
    package let thing: String
    /// Nil for the classic shadow.
    package let shadow: String?

    /// Names that start with `$` are reserved; these are the ones that mean something.
    private static let knownReserved: Set<String> = ["$package"]

    package init(thing: String, shadow: String? = nil) throws(ShadowRefusal) {
        guard Self.isName(thing, limit: ShadowLimits.thingNameBytes, mayHaveDollar: false) else {
            throw .invalidThingName(thing)
        }
        if let shadow, !Self.isShadowName(shadow) { throw .invalidShadowName(shadow) }
        self.thing = thing
        self.shadow = shadow
    }

    private static func isShadowName(_ text: String) -> Bool {
        guard isName(text, limit: ShadowLimits.shadowNameBytes, mayHaveDollar: true) else { return false }
        return !text.hasPrefix("$") || knownReserved.contains(text)
    }

    private static func isName(_ text: String, limit: Int, mayHaveDollar: Bool) -> Bool {
        guard (1...limit).contains(text.utf8.count) else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            case UInt8(ascii: "$"): mayHaveDollar
            default: false
            }
        }
    }

    /// How errors print the name: `lamp`, `lamp~config` (shadows.md section 8).
    package var displayName: String { shadow.map { "\(thing)~\($0)" } ?? thing }

    /// `$aws/things/lamp/shadow`, `$aws/things/lamp/shadow/name/config`.
    package var topicPrefix: String { Self.topicPrefix(thing: thing, shadow: shadow) }

    static func topicPrefix(thing: String, shadow: String?) -> String {
        "$aws/things/\(thing)/shadow" + (shadow.map { "/name/\($0)" } ?? "")
    }

    /// The topic on which this response is published.
    package func topic(_ response: ShadowResponse) -> String { "\(topicPrefix)/\(response.rawValue)" }
}
