package import IoTDomain
package import IoTPolicy

/// What decides about a device that presented a certificate (policies.md section 1): the broker makes an `Authorizer`
/// of it.
package struct DeviceAuthorization: Sendable {
    package let certificateStatus: CertificateStatus
    /// The default versions of the policies attached to the certificate, in the order of their names.
    package let policies: [CompiledPolicy]
    /// The associated thing (policies.md section 4 "Thing association rule").
    package let thing: ThingFacts?
    /// The certificate belongs to the thing alone (EXCLUSIVE_THING): events of its connections name the thing.
    package let isExclusivelyAttached: Bool
    package let certificate: CertificateFacts
}
