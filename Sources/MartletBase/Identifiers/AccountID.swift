/// An AWS account: twelve decimal digits.
public struct AccountID: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    /// The account that owns everything until another one is configured.
    public static let zero = AccountID("000000000000")!

    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == 12, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        self.text = String(text)
    }

    public var description: String { text }
}
