/// The states of a client certificate (identity.md section 1). The raw values are the API's and the store's.
package enum CertificateStatus: String, Hashable, Sendable, CaseIterable {
    /// The only state that authenticates.
    case active = "ACTIVE"
    case inactive = "INACTIVE"
    /// Terminal.
    case revoked = "REVOKED"
    case pendingTransfer = "PENDING_TRANSFER"
    case registerInactive = "REGISTER_INACTIVE"
    case pendingActivation = "PENDING_ACTIVATION"

    package var authenticates: Bool { self == .active }
}

/// Whether a certificate belongs to one account of the region, or the server name chooses the account.
package enum CertificateMode: String, Hashable, Sendable {
    case standard = "DEFAULT"
    case sniOnly = "SNI_ONLY"
}
