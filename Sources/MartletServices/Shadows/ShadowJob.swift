import IoTDomain
import MartletBase
import MartletBroker
import MartletStore
import NIOCore

/// One request about one shadow, on its way through its lane.
struct ShadowJob: Sendable {
    enum Origin: Sendable {
        /// The answer is a message.
        case mqtt
        /// The answer is the response of a call; what was done is told by messages all the same.
        case http(CheckedContinuation<Result<[UInt8], ShadowError>, Never>)
    }

    let account: AccountID
    let name: ShadowName
    let operation: ShadowOperation
    let payload: [UInt8]
    let origin: Origin

    var key: ShadowKey { ShadowKey(account: account, name: name) }
    var thing: ThingOfAccount { ThingOfAccount(account: account, thing: name.thing) }
}

struct ShadowKey: Hashable, Sendable {
    let account: AccountID
    let name: ShadowName
}

extension KeySpace {
    static func shadow(_ account: AccountID, _ name: ShadowName) -> KeyBytes {
        shadow(account, thing: name.thing, shadow: name.shadow ?? "")
    }
}

struct ThingOfAccount: Hashable, Sendable {
    let account: AccountID
    let thing: String
}

/// What became of a request.
enum ShadowOutcome {
    /// Nothing has changed.
    case answered([UInt8])
    case changed(ShadowChange)
    case refused(ShadowError)
}

extension ShadowJob {
    /// Does the request to a shadow as it is.
    func run(_ record: ShadowRecord?, _ rules: ShadowRules, nowSeconds: Int64) -> ShadowOutcome {
        let shadow = Shadow(name: name, record: record)
        do throws(ShadowError) {
            switch operation {
            case .get: return .answered(try shadow.get(.parse(payload), nowSeconds: nowSeconds))
            case .delete: return .changed(try shadow.delete(.parse(payload), nowSeconds: nowSeconds))
            case .update:
                return .changed(try shadow.update(.parse(payload), rules: rules, nowSeconds: nowSeconds))
            }
        } catch {
            return .refused(error)
        }
    }

    /// What is published because of the outcome. A call that was refused, or that only read, tells nobody else.
    func messages(_ outcome: ShadowOutcome, nowSeconds: Int64) -> [ServiceMessage] {
        switch (outcome, origin) {
        case (.changed(let change), _):
            change.messages().map { message(name.topic($0.response), $0.payload) }
        case (.answered(let payload), .mqtt): [message(name.topic(operation.accepted), payload)]
        case (.refused(let error), .mqtt):
            [message(name.topic(operation.rejected), error.payload(nowSeconds: nowSeconds))]
        case (.answered, .http), (.refused, .http): []
        }
    }

    private func message(_ topic: String, _ payload: [UInt8]) -> ServiceMessage {
        ServiceMessage(topic: topic, payload: ByteBuffer(bytes: payload))
    }

    /// Answers the call, if it is one.
    func answer(_ outcome: ShadowOutcome) {
        guard case .http(let continuation) = origin else { return }
        switch outcome {
        case .answered(let payload): continuation.resume(returning: .success(payload))
        case .changed(let change): continuation.resume(returning: .success(change.accepted))
        case .refused(let error): continuation.resume(returning: .failure(error))
        }
    }
}
