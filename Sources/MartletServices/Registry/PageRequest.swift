internal import AWSModel
internal import MartletBase

/// Which page of a list a call asks for (api-wire.md section 4).
struct PageRequest: Hashable, Sendable {
    /// Lists with `nextToken` give 250 entries when no size is asked for, lists with `marker` 25.
    enum Style: Hashable, Sendable {
        case token
        case marker

        var defaultSize: Int { self == .token ? 250 : 25 }
        var tokenName: String { self == .token ? "nextToken" : "marker" }
    }

    let size: Int
    /// The last key of the page before; nil for the first page.
    let after: [UInt8]?
    /// What the list is over: operation, filters and account. Another list's token is refused.
    let scope: String

    init(size: Int?, token: String?, style: Style, scope: String, account: AccountID) throws(ServiceFailure) {
        self.size = size ?? style.defaultSize
        self.scope = "\(account) \(scope)"
        guard let token else {
            after = nil
            return
        }
        guard let key = PageToken.lastKey(in: token, scope: self.scope) else {
            throw .invalidRequest("\(style.tokenName) '\(token.prefix(64))' was not given out by this list")
        }
        after = key
    }

    /// - Parameter last: the last key looked at; nil on the last page.
    func nextToken(after last: [UInt8]?) -> String? { last.map { PageToken.text(lastKey: $0, scope: scope) } }
}
