package import IoTDomain
package import MartletBase

/// Whose certificate a TLS peer showed, and whether it may be used.
package struct CertificateOwner: Hashable, Sendable {
    package let account: AccountID
    package let status: CertificateStatus
    package let notBefore: WallInstant
    package let notAfter: WallInstant

    package init(account: AccountID, status: CertificateStatus, notBefore: WallInstant, notAfter: WallInstant) {
        self.account = account
        self.status = status
        self.notBefore = notBefore
        self.notAfter = notAfter
    }

    package func isValid(at instant: WallInstant) -> Bool { notBefore <= instant && instant <= notAfter }
}
