package import MartletBase

/// What every connection of one account shares: its topic space and its name. A connection holds a reference, so the
/// hot path looks no account up.
package final class AccountContext: Sendable {
    package let realm: Realm
    package let subscriptions: SubscriptionIndex
    package let retained: RetainedMessages
    let shareQueues = ShareQueues()
    package let rates: AccountRates

    package var account: AccountID { realm.account }

    init(
        realm: Realm, subscriptions: SubscriptionIndex, retained: RetainedMessages,
        rates: AccountRates = AccountRates(BrokerRates())
    ) {
        self.realm = realm
        self.subscriptions = subscriptions
        self.retained = retained
        self.rates = rates
    }
}
