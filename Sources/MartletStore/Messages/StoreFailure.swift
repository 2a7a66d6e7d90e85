package import MartletBase

/// Why the message store cannot do its work.
package enum StoreFailure: Error, Hashable, Reason {
    /// The disk refused.
    case disk(operation: String, file: String, because: String)
    /// What is in the file is not what was written, elsewhere than at the torn end of the last group.
    case corrupt(file: String, offset: Int, because: String)
    /// Written by a newer version.
    case newerFormat(file: String, found: Int, supported: Int)
    /// The log has all the room that it may have.
    case full(limit: String, maximum: Int)
    case closed

    package var code: String {
        switch self {
        case .disk: "messageStoreDisk"
        case .corrupt: "messageStoreCorrupt"
        case .newerFormat: "messageStoreNewer"
        case .full: "messageStoreFull"
        case .closed: "messageStoreClosed"
        }
    }

    package var evidence: [Evidence] {
        switch self {
        case .disk(let operation, let file, let cause):
            [Evidence("operation", operation), Evidence("file", file), Evidence("because", cause)]
        case .corrupt(let file, let offset, let cause):
            [Evidence("file", file), Evidence("offset", offset), Evidence("because", cause)]
        case .newerFormat(let file, let found, let supported):
            [Evidence("file", file), Evidence("found", found), Evidence("supported", supported)]
        case .full(let limit, let maximum): [Evidence("limit", limit), Evidence("maximum", maximum)]
        case .closed: []
        }
    }
}
