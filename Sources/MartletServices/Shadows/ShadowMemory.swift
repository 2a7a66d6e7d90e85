import IoTDomain
import Logging
import MartletStore

/// The shadows that a lane remembers. Only the lane's running task uses it.
final class ShadowMemory: @unchecked Sendable {
    /// What is stored under a shadow's key.
    enum Entry {
        case absent
        case stored(ShadowRecord, DocumentVersion, bytes: Int)
        case unreadable

        var record: ShadowRecord? { if case .stored(let record, _, _) = self { record } else { nil } }
        var bytes: Int { if case .stored(_, _, let bytes) = self { bytes } else { 0 } }
    }

    private let documents: any DocumentStore
    private let limits: ShadowServiceLimits
    private var entries: [ShadowKey: Entry] = [:]
    private var bytes = 0

    init(_ documents: any DocumentStore, _ limits: ShadowServiceLimits) {
        self.documents = documents
        self.limits = limits
    }

    subscript(_ key: ShadowKey) -> Entry { entries[key] ?? .absent }

    func forgetAll() {
        entries = [:]
        bytes = 0
    }

    /// Reads what is not remembered. Afterwards all of these are known, whatever the limits say.
    func load(_ keys: [ShadowKey], _ logger: Logger) async throws(EngineError) {
        if entries.count > limits.rememberedPerLane || bytes > limits.rememberedBytesPerLane { forgetAll() }
        for key in keys where entries[key] == nil { set(key, try await read(key, logger)) }
    }

    /// What a commit has left; nil where only a read can tell.
    func take(_ stored: [ShadowKey: Entry?]) {
        for (key, entry) in stored { set(key, entry) }
    }

    private func set(_ key: ShadowKey, _ entry: Entry?) {
        bytes += (entry?.bytes ?? 0) - (entries[key]?.bytes ?? 0)
        entries[key] = entry
    }

    private func read(_ key: ShadowKey, _ logger: Logger) async throws(EngineError) -> Entry {
        guard let document = try await documents.get(KeySpace.shadow(key.account, key.name)) else { return .absent }
        do throws(RecordFormatError) {
            return .stored(try ShadowRecord(bytes: document.body), document.version, bytes: document.body.count)
        } catch {
            logger.error(
                "a shadow cannot be read", metadata: ["shadow": "\(key.name.displayName)", "cause": "\(error)"])
            return .unreadable
        }
    }
}
