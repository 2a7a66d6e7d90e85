package import MartletBase

extension CertificateRecord {
    /// UpdateCertificate (identity.md section 1 "States and transitions"): the changed record, or nil when the
    /// certificate has that status already.
    package func changingStatus(to new: CertificateStatus, at now: WallInstant) throws(RegistryRefusal)
        -> CertificateRecord?
    {
        switch new {
        case .pendingTransfer, .pendingActivation, .registerInactive: throw .statusCannotBeRequested(new)
        case .active, .inactive, .revoked: break
        }
        guard new != status else { return nil }
        switch status {
        case .revoked, .pendingTransfer: throw .statusCannotChange(certificate: id, from: status, to: new)
        case .active, .inactive, .registerInactive, .pendingActivation: break
        }
        var changed = self
        changed.status = new
        changed.lastModifiedDate = now
        changed.customerVersion += 1
        return changed
    }

    /// DeleteCertificate: never while ACTIVE or attached to a thing; `force` skips the policy check only
    /// (api-wire.md section 11).
    package func checkDelete(hasThings: Bool, hasPolicies: Bool, force: Bool) throws(RegistryRefusal) {
        guard status != .active else { throw .certificateIsActive(id) }
        guard status != .pendingTransfer else {
            throw .statusCannotChange(certificate: id, from: status, to: .inactive)
        }
        guard !hasThings else { throw .certificateHasThings(id) }
        guard !hasPolicies || force else { throw .certificateHasPolicies(id) }
    }
}
