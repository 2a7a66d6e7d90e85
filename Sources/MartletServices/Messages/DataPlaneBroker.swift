package import MartletBase
package import MartletBroker

/// What the HTTP data plane asks of the broker.
package protocol DataPlaneBroker: Sendable {
    func check(_ message: InsideMessage) throws(PublishRefusal)
    func publish(_ message: InsideMessage, in account: AccountID) async throws(PublishRefusal)
    func retainedMessage(of topic: String, in account: AccountID) -> RetainedMessage?
    func retainedMessages(after cursor: String?, limit: Int, in account: AccountID) -> RetainedPage
    func deleteConnection(
        of clientID: String, _ deletion: ConnectionDeletion, in account: AccountID
    ) async -> ConnectionDeletion.Outcome
    func connection(of clientID: String, in account: AccountID) async -> ConnectionStatus?
    func subscriptions(
        of clientID: String, after cursor: String?, limit: Int, in account: AccountID
    ) async -> FactsPage<SubscriptionFacts>?
}

extension Broker: DataPlaneBroker {}

/// Stands where no broker is: it knows nobody and takes nothing.
package struct AbsentBroker: DataPlaneBroker {
    package init() {}

    package func check(_ message: InsideMessage) throws(PublishRefusal) { throw .storeFailed(nil) }
    package func publish(_ message: InsideMessage, in account: AccountID) async throws(PublishRefusal) {
        throw .storeFailed(nil)
    }
    package func retainedMessage(of topic: String, in account: AccountID) -> RetainedMessage? { nil }
    package func retainedMessages(after cursor: String?, limit: Int, in account: AccountID) -> RetainedPage {
        RetainedPage(messages: [], cursor: nil)
    }
    package func deleteConnection(
        of clientID: String, _ deletion: ConnectionDeletion, in account: AccountID
    ) async -> ConnectionDeletion.Outcome { .notFound }
    package func connection(of clientID: String, in account: AccountID) async -> ConnectionStatus? { nil }
    package func subscriptions(
        of clientID: String, after cursor: String?, limit: Int, in account: AccountID
    ) async -> FactsPage<SubscriptionFacts>? { nil }
}
