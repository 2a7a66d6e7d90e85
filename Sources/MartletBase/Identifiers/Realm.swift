/// The one region and partition that a server is, and the account that a resource belongs to: what every ARN that
/// the server makes or compares begins with.
public struct Realm: Hashable, Sendable {
    public let region: String
    public let account: AccountID

    public init(region: String, account: AccountID) {
        self.region = region
        self.account = account
    }

    /// `aws`, `aws-cn` or `aws-us-gov`, decided by the region (api-wire.md section 8).
    public var partition: String {
        if region.hasPrefix("cn-") { return "aws-cn" }
        if region.hasPrefix("us-gov-") { return "aws-us-gov" }
        return "aws"
    }

    public func arn(_ type: String, _ name: some StringProtocol) -> ARN {
        ARN(partition: partition, region: region, account: account.text, resource: "\(type)/\(name)")
    }
}
