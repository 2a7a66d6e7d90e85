import IoTDomain
import Logging
import MartletBase
import MartletBroker
import MartletStore
import NIOCore

/// The start of the shadow service: publishes again what commits since the stored position have to say.
struct ShadowRepair {
    let documents: any DocumentStore
    let publisher: any ServicePublisher
    let logger: Logger

    /// Returns the position up to which everything has been told, and the one that the store knows of.
    /// - Throws: also when the messages cannot be kept for those who are away.
    func run() async throws(EngineError) -> (told: ChangePosition, stored: ChangePosition) {
        let end = try await documents.currentPosition()
        let start = try await ShadowProgress.read(documents) ?? .start
        guard start < end else { return (end, end) }
        do {
            for try await change in documents.changes(prefix: .empty, since: start) {
                guard await tell(change) else {
                    throw EngineError.notDurable(because: "shadow messages for kept sessions could not be stored")
                }
                if change.position >= end { break }
            }
        } catch EngineError.compacted {
            logger.warning("the change feed no longer has all shadow messages that may be untold")
        } catch let error as EngineError {
            throw error
        } catch {
            throw .unavailable(because: "\(error)")
        }
        guard end.rawValue - start.rawValue >= Self.changesWorthRemembering else { return (end, start) }
        _ = try await documents.commit([ShadowProgress.write(end)])
        return (end, end)
    }

    /// So many changes should not be looked through again at the next start.
    private static let changesWorthRemembering = 100

    /// False when the messages could not be kept for those who are away.
    private func tell(_ change: Change) async -> Bool {
        guard let (account, thing, shadow) = KeySpace.shadowNamed(by: change.key), let body = change.document?.body,
            let name = try? ShadowName(thing: thing, shadow: shadow), let record = try? ShadowRecord(bytes: body)
        else { return true }
        let messages = record.repairMessages().map {
            ServiceMessage(topic: name.topic($0.response), payload: ByteBuffer(bytes: $0.payload))
        }
        return await publisher.publish(messages, lane: "repair", in: account)
    }
}
