/// The identity of an X.509 certificate: the SHA-256 of its DER form, 64 lower-case hexadecimal digits
/// (identity.md section 1).
public struct CertificateID: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    /// Accepts what the API accepts, `(0x)?[a-fA-F0-9]{64}`, and keeps the plain lower-case form.
    public init?(_ text: some StringProtocol) {
        let digits = text.hasPrefix("0x") || text.hasPrefix("0X") ? String(text.dropFirst(2)) : String(text)
        guard digits.utf8.count == 64, digits.utf8.allSatisfy({ Hex.digit($0) != nil }) else { return nil }
        self.text = digits.lowercased()
    }

    public init(sha256 digest: some Sequence<UInt8>) { self.text = Hex.text(digest) }

    public var description: String { text }
}
