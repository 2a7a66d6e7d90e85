/// What a server says when it refuses.
public struct Refusal: Hashable, Sendable, CustomStringConvertible {
    /// The reason code (MQTT 5.0 section 2.4). Return codes of version 3.1.1 are given as the one that says the same.
    public let reasonCode: UInt8
    /// The reason code's name: `notAuthorized`.
    public let name: String
    /// The server's Reason String, which version 3.1.1 does not have.
    public let serverText: String?

    /// `notAuthorized (0x87), "no policy allows it"`
    public var description: String {
        let hex = String(reasonCode, radix: 16, uppercase: true)
        return "\(name) (0x\(hex.count < 2 ? "0" : "")\(hex))" + (serverText.map { ", \"\($0)\"" } ?? "")
    }
}
