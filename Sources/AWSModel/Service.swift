/// The AWS services whose models this module carries (api-wire.md section 1).
package enum Service: String, Hashable, Sendable, CaseIterable {
    case iot
    case iotData
    case iotJobsData
    case secureTunneling

    /// The service name in a SigV4 credential scope, in the exact case that clients sign with.
    package var signingName: String {
        switch self {
        case .iot: "iot"
        case .iotData: "iotdata"
        case .iotJobsData: "iot-jobs-data"
        case .secureTunneling: "IoTSecuredTunneling"
        }
    }

    /// The service of a credential scope. Very old SDKs sign `execute-api` for the control plane, and the developer
    /// guide signs the connection operations of the data plane as `iotdevicegateway` (mqtt-broker.md section 4).
    package init?(signingName: some StringProtocol) {
        switch signingName {
        case "iot", "execute-api": self = .iot
        case "iotdata", "iotdevicegateway": self = .iotData
        case "iot-jobs-data": self = .iotJobsData
        case "IoTSecuredTunneling": self = .secureTunneling
        default: return nil
        }
    }

    /// The media type of bodies in both directions: secure tunneling speaks json 1.1, the others rest-json.
    package var contentType: String {
        self == .secureTunneling ? "application/x-amz-json-1.1" : "application/json"
    }

    /// What stands before the dot in `X-Amz-Target`; nil for services that route by path.
    package var targetPrefix: String? { self == .secureTunneling ? "IoTSecuredTunneling" : nil }
}
