import IoTDomain
import MartletBase
import MartletGateway
import MartletServices

/// Answers the TLS handshake's question whose certificate was shown, from the registry (mqtt-broker.md section 2).
struct RegistryCertificates: ClientCertificateDirectory {
    let loader: DeviceAuthorizationLoader
    let clock: any WallClock

    func identify(_ certificate: PresentedCertificate) async -> Result<IdentifiedCertificate, CertificateRefusal> {
        let id = certificate.id
        let owner: CertificateOwner
        do {
            guard let found = try await loader.owner(of: id) else { return .failure(.notRegistered(id)) }
            owner = found
        } catch {
            return .failure(.registryUnavailable("\(error)"))
        }
        switch owner.status {
        case .active: break
        case .revoked: return .failure(.revoked(id))
        default: return .failure(.inactive(id, status: owner.status.rawValue))
        }
        let now = clock.now()
        if now > owner.notAfter { return .failure(.expired(id, notAfter: owner.notAfter)) }
        if now < owner.notBefore { return .failure(.notYetValid(id, notBefore: owner.notBefore)) }
        return .success(IdentifiedCertificate(id: id, account: owner.account))
    }
}
