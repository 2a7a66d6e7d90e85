package import MartletBase

/// What a service function knows of the call beside its input.
package struct CallContext: Hashable, Sendable {
    /// Region and account that the call acts on.
    package let realm: Realm
    package let caller: Caller
    /// Sent back as `x-amzn-RequestId`.
    package let requestID: String
    /// The time of the call. One call sees one time.
    package let now: WallInstant
    /// Where the request came from; empty where that is not known.
    package let sourceAddress: String

    package init(realm: Realm, caller: Caller, requestID: String, now: WallInstant, sourceAddress: String = "") {
        self.realm = realm
        self.caller = caller
        self.requestID = requestID
        self.now = now
        self.sourceAddress = sourceAddress
    }

    package var account: AccountID { realm.account }
}
