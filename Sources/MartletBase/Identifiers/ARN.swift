/// An Amazon Resource Name of the IoT service: `arn:PARTITION:iot:REGION:ACCOUNT:TYPE/NAME`
/// (api-wire.md section 8).
public struct ARN: Hashable, Sendable, CustomStringConvertible {
    public let partition: String
    public let service: String
    public let region: String
    public let account: String
    /// What follows the fifth colon: `thing/pump7`, `cert/9f2c...`, `topic/a/b`.
    public let resource: String

    public init(partition: String, service: String = "iot", region: String, account: String, resource: String) {
        self.partition = partition
        self.service = service
        self.region = region
        self.account = account
        self.resource = resource
    }

    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", !parts[1].isEmpty, !parts[2].isEmpty, !parts[5].isEmpty else {
            return nil
        }
        self.init(
            partition: String(parts[1]), service: String(parts[2]), region: String(parts[3]),
            account: String(parts[4]), resource: String(parts[5]))
    }

    /// `thing` in `thing/pump7`.
    public var resourceType: Substring { resource.prefix { $0 != "/" } }

    /// `pump7` in `thing/pump7`; empty when there is no slash.
    public var resourceName: Substring { resource.dropFirst(resourceType.count).dropFirst() }

    public var description: String { "arn:\(partition):\(service):\(region):\(account):\(resource)" }
}
