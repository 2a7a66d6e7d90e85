package import MartletBase

/// Why a request about a shadow is not done (shadows.md section 8). The messages are AWS's own where it documents them.
package enum ShadowRefusal: Error, Hashable, Sendable, Reason {
    case invalidJSON
    case missingState
    case stateNotObject
    case desiredNotObject
    case reportedNotObject
    case invalidClientToken
    case invalidVersion
    case tooDeep
    /// `state` has a member besides `desired` and `reported`.
    case invalidStateNode
    /// An array with a null in it, at any depth, cannot be stored.
    case nullInArray
    case invalidThingName(String)
    case invalidShadowName(String)
    case unauthorized
    case forbidden
    case thingNotFound
    case noShadow(ShadowName)
    /// The request's version is not the current one; `current` is 0 when there is no shadow.
    case versionConflict(expected: Int, current: Int)
    /// The stored document would have `bytes` (counted as `ShadowLimits.documentBytes` says).
    case tooLarge(bytes: Int, limit: Int)
    case notUTF8
    case tooManyRequests
    case internalFailure
    /// The change could not be written: nothing of it is there, and it may be tried again.
    case storeUnavailable

    package var code: String {
        switch self {
        case .invalidJSON: "invalidJSON"
        case .missingState: "missingState"
        case .stateNotObject: "stateNotObject"
        case .desiredNotObject: "desiredNotObject"
        case .reportedNotObject: "reportedNotObject"
        case .invalidClientToken: "invalidClientToken"
        case .invalidVersion: "invalidVersion"
        case .tooDeep: "tooDeep"
        case .invalidStateNode: "invalidStateNode"
        case .nullInArray: "nullInArray"
        case .invalidThingName: "invalidThingName"
        case .invalidShadowName: "invalidShadowName"
        case .unauthorized: "unauthorized"
        case .forbidden: "forbidden"
        case .thingNotFound: "thingNotFound"
        case .noShadow: "noShadow"
        case .versionConflict: "versionConflict"
        case .tooLarge: "tooLarge"
        case .notUTF8: "notUTF8"
        case .tooManyRequests: "tooManyRequests"
        case .internalFailure: "internalFailure"
        case .storeUnavailable: "storeUnavailable"
        }
    }

    /// The `code` of an error document over MQTT, where AWS knows none above 500.
    package var messageCode: Int { min(status, 500) }

    /// The HTTP status.
    package var status: Int {
        switch self {
        case .invalidJSON, .missingState, .stateNotObject, .desiredNotObject, .reportedNotObject,
            .invalidClientToken, .invalidVersion, .tooDeep, .invalidStateNode, .nullInArray, .invalidThingName,
            .invalidShadowName:
            400
        case .unauthorized: 401
        case .forbidden: 403
        case .thingNotFound, .noShadow: 404
        case .versionConflict: 409
        case .tooLarge: 413
        case .notUTF8: 415
        case .tooManyRequests: 429
        case .internalFailure: 500
        case .storeUnavailable: 503
        }
    }

    package var message: String {
        switch self {
        case .invalidJSON: "Invalid JSON"
        case .missingState: "Missing required node: state"
        case .stateNotObject: "State node must be an object"
        case .desiredNotObject: "Desired node must be an object"
        case .reportedNotObject: "Reported node must be an object"
        case .invalidClientToken: "Invalid clientToken"
        case .invalidVersion: "Invalid version"
        // The number is AWS's; the quota that is enforced is `ShadowLimits.nestingLevels`.
        case .tooDeep: "JSON contains too many levels of nesting; maximum is 6"
        case .invalidStateNode: "State contains an invalid node"
        case .nullInArray: "State contains an array with a null value"
        case .invalidThingName: "Invalid thing name"
        case .invalidShadowName: "Invalid shadow name"
        case .unauthorized: "Unauthorized"
        case .forbidden: "Forbidden"
        case .thingNotFound: "Thing not found"
        case .noShadow(let name): "No shadow exists with name: '\(name.displayName)'"
        case .versionConflict: "Version conflict"
        case .tooLarge: "The payload exceeds the maximum size allowed"
        case .notUTF8: "Unsupported documented encoding; supported encoding is UTF-8"
        case .tooManyRequests: "Too many requests"
        case .internalFailure: "Internal service failure"
        case .storeUnavailable: "The store cannot serve now; try again"
        }
    }

    package var evidence: [Evidence] {
        switch self {
        case .invalidThingName(let name): [Evidence("thing", name)]
        case .invalidShadowName(let name): [Evidence("shadow", name)]
        case .noShadow(let name): [Evidence("shadow", name.displayName)]
        case .versionConflict(let expected, let current):
            [Evidence("expectedVersion", expected), Evidence("version", current)]
        case .tooLarge(let bytes, let limit): [Evidence("bytes", bytes), Evidence("limit", limit)]
        case .tooDeep: [Evidence("limit", ShadowLimits.nestingLevels)]
        case .tooManyRequests: [Evidence("limit", ShadowLimits.requestsInFlight)]
        default: []
        }
    }
}
