internal import AWSModel
internal import IoTDomain
internal import MartletBase
internal import MartletPKI

/// Client certificates: issuing, status and removal (identity.md section 1).
struct CertificateService: Sendable {
    let registry: Registry
    let issuer: any DeviceCertificateIssuer
    let random: any RandomSource

    func createKeys(_ input: IoT.CreateKeysAndCertificate.Input, _ call: CallContext) async throws
        -> IoT.CreateKeysAndCertificate.Output
    {
        let issued = try await issuer.issueDeviceCertificate()
        let certificate = try record(issued.certificatePEM, issued.certificateID, input.setAsActive, call)
        try await store(certificate, call)
        return IoT.CreateKeysAndCertificate.Output(
            certificateArn: certificate.arn(in: call.realm).description, certificateId: certificate.id.text,
            certificatePem: certificate.pem,
            keyPair: IoT.KeyPair(publicKey: issued.publicKeyPEM, privateKey: issued.privateKeyPEM))
    }

    func createFromCSR(_ input: IoT.CreateCertificateFromCsr.Input, _ call: CallContext) async throws
        -> IoT.CreateCertificateFromCsr.Output
    {
        let issued = try issuer.issueCertificate(csrPEM: input.certificateSigningRequest)
        let certificate = try record(issued.certificatePEM, issued.certificateID, input.setAsActive, call)
        try await store(certificate, call)
        return IoT.CreateCertificateFromCsr.Output(
            certificateArn: certificate.arn(in: call.realm).description, certificateId: certificate.id.text,
            certificatePem: certificate.pem)
    }

    func describe(_ input: IoT.DescribeCertificate.Input, _ call: CallContext) async throws
        -> IoT.DescribeCertificate.Output
    {
        let certificate = try await registry.require(
            registry.keys(call).certificate(try Self.id(input.certificateId)))
        return IoT.DescribeCertificate.Output(
            certificateDescription: IoT.CertificateDescription(
                certificateArn: certificate.arn(in: call.realm).description, certificateId: certificate.id.text,
                caCertificateId: certificate.caCertificateID?.text, status: certificate.status.rawValue,
                certificatePem: certificate.pem, ownedBy: certificate.ownedBy.text,
                previousOwnedBy: certificate.previousOwnedBy?.text, creationDate: certificate.creationDate,
                lastModifiedDate: certificate.lastModifiedDate, customerVersion: certificate.customerVersion,
                generationId: certificate.generationID,
                validity: IoT.CertificateValidity(
                    notBefore: certificate.notBefore, notAfter: certificate.notAfter),
                certificateMode: certificate.mode.rawValue))
    }

    /// Answers when the barrier has seen the new status through, so live connections are closed by then.
    func update(_ input: IoT.UpdateCertificate.Input, _ call: CallContext) async throws
        -> IoT.UpdateCertificate.Output
    {
        let id = try Self.id(input.certificateId)
        guard let status = CertificateStatus(rawValue: input.newStatus) else {
            throw ServiceFailure.invalidRequest("newStatus '\(input.newStatus)' is no certificate status")
        }
        return try await registry.commit(call) { transaction in
            let certificate = try await transaction.require(transaction.keys.certificate(id))
            if let changed = try certificate.changingStatus(to: status, at: call.now) {
                transaction.put(transaction.keys.certificate(id), changed)
            }
            return IoT.UpdateCertificate.Output()
        }
    }

    func delete(_ input: IoT.DeleteCertificate.Input, _ call: CallContext) async throws
        -> IoT.DeleteCertificate.Output
    {
        let id = try Self.id(input.certificateId)
        let target = Principal.certificate(id).text(in: call.realm)
        return try await registry.commit(call) { transaction in
            let keys = transaction.keys
            let certificate = try await transaction.require(transaction.keys.certificate(id))
            let things = try await transaction.first(1, keys.things(of: target))
            let policies = try await transaction.read(keys.attachedPolicies(target))
            let names = policies?.policyNames ?? []
            try certificate.checkDelete(
                hasThings: !things.isEmpty, hasPolicies: !names.isEmpty, force: input.forceDelete ?? false)
            for name in names { transaction.deleteEntry(keys.target(of: name, target).bytes) }
            if policies != nil { transaction.delete(keys.attachedPolicies(target)) }
            transaction.delete(keys.certificate(id))
            for entry in keys.entries(certificate) { transaction.deleteEntry(entry) }
            return IoT.DeleteCertificate.Output()
        }
    }

    static func id(_ text: String) throws(ServiceFailure) -> CertificateID {
        guard let id = CertificateID(text) else {
            throw .invalidRequest("certificateId '\(text)' is not 64 hexadecimal digits")
        }
        return id
    }

    private func record(_ pem: String, _ id: CertificateID, _ setAsActive: Bool?, _ call: CallContext) throws
        -> CertificateRecord
    {
        let parsed = try ParsedCertificate(pem: pem)
        return CertificateRecord(
            id: id, pem: pem, status: setAsActive == true ? .active : .inactive, ownedBy: call.account,
            creationDate: call.now, lastModifiedDate: call.now, generationID: random.uuid(),
            notBefore: parsed.notBefore, notAfter: parsed.notAfter)
    }

    private func store(_ certificate: CertificateRecord, _ call: CallContext) async throws {
        try await registry.commit(call) { transaction in
            let keys = transaction.keys
            transaction.put(keys.certificate(certificate.id), certificate)
            for entry in keys.entries(certificate) { transaction.putEntry(entry) }
        }
    }
}
