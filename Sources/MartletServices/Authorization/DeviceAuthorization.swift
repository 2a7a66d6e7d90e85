package import IoTDomain
package import IoTPolicy
package import MartletBase

/// What decides about a device that presented a certificate (policies.md section 1): the broker makes an `Authorizer`
/// of it.
package struct DeviceAuthorization: Sendable {
    package let certificateStatus: CertificateStatus
    /// The default versions of the policies attached to the certificate, in the order of their names.
    package let policies: [CompiledPolicy]
    /// The associated thing (policies.md section 4 "Thing association rule").
    package let thing: ThingFacts?
    package let certificate: CertificateFacts
}

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
