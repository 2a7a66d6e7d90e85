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

    /// Returns the position up to which everything has been told.
    func run() async throws(EngineError) -> ChangePosition {
        let end = try await documents.currentPosition()
        let start = try await ShadowProgress.read(documents) ?? .start
        guard start < end else { return end }
        do {
            for try await change in documents.changes(prefix: .empty, since: start) {
                await tell(change)
                if change.position >= end { break }
            }
        } catch EngineError.compacted {
            logger.warning("the change feed no longer has all shadow messages that may be untold")
        } catch let error as EngineError {
            throw error
        } catch {
            throw .unavailable(because: "\(error)")
        }
        if end.rawValue - start.rawValue >= Self.changesWorthRemembering {
            _ = try await documents.commit([ShadowProgress.write(end)])
        }
        return end
    }

    /// So many changes should not be looked through again at the next start.
    private static let changesWorthRemembering = 100

    private func tell(_ change: Change) async {
        guard let (account, thing, shadow) = KeySpace.shadowNamed(by: change.key), let body = change.document?.body,
            let name = try? ShadowName(thing: thing, shadow: shadow), let record = try? ShadowRecord(bytes: body)
        else { return }
        let messages = record.repairMessages().map {
            ServiceMessage(topic: name.topic($0.response), payload: ByteBuffer(bytes: $0.payload))
        }
        _ = await publisher.publish(messages, lane: "repair", in: account)
    }
}
