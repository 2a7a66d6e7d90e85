import AWSModel
import MartletBase
import Testing

@testable import MartletServices

@Suite("The rates of the connection API")
struct ConnectionCallRatesTests {
    private func call(_ milliseconds: Int64, account: AccountID = .zero) -> CallContext {
        CallContext(
            realm: Realm(region: "us-east-1", account: account), caller: .anonymous, requestID: "1",
            now: WallInstant(millisecondsSinceEpoch: 1_000_000 + milliseconds))
    }

    private func refusal(_ rates: ConnectionCallRates, _ clientID: String, _ call: CallContext) -> String? {
        do {
            try rates.take(clientID, call)
            return nil
        } catch {
            return (error as? ServiceFailure)?.message
        }
    }

    @Test("A client id has its own rate, and the account one over all of them; a second later both are whole again")
    func rates() throws {
        let other = try #require(AccountID("111111111111"))
        let rates = ConnectionCallRates(perClientID: 1, perAccount: 3)
        #expect(refusal(rates, "a", call(0)) == nil)
        #expect(refusal(rates, "a", call(1))?.contains("api.conn.ratePerClientId") == true)
        #expect(refusal(rates, "b", call(2)) == nil)
        #expect(refusal(rates, "c", call(3))?.contains("api.conn.ratePerAccount") == true)
        #expect(refusal(rates, "a", call(4, account: other)) == nil)
        #expect(refusal(rates, "a", call(1_100)) == nil)
    }

    @Test("Without limits nothing is counted")
    func none() {
        let rates = ConnectionCallRates()
        for _ in 0..<1000 { #expect(refusal(rates, "a", call(0)) == nil) }
    }
}
