/// What the shadow service publishes; the raw value is the topic after a shadow's prefix (shadows.md section 3).
package enum ShadowResponse: String, Hashable, Sendable, CaseIterable {
    case getAccepted = "get/accepted"
    case getRejected = "get/rejected"
    case updateAccepted = "update/accepted"
    case updateRejected = "update/rejected"
    case updateDelta = "update/delta"
    case updateDocuments = "update/documents"
    case deleteAccepted = "delete/accepted"
    case deleteRejected = "delete/rejected"
}
