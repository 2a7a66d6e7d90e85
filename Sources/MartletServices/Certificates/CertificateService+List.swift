internal import AWSModel
internal import IoTDomain
internal import MartletBase
internal import MartletStore

extension CertificateService {
    /// In the order of creation, newest first unless `isAscendingOrder` is true.
    func list(_ input: IoT.ListCertificates.Input, _ call: CallContext) async throws -> IoT.ListCertificates.Output {
        let ascending = input.ascendingOrder ?? false
        let request = try PageRequest(
            size: input.pageSize, token: input.marker, style: .marker, scope: "ListCertificates \(ascending)",
            account: call.account)
        let entries = try await creationEntries(request, ascending: ascending, call)
        var certificates: [IoT.Certificate] = []
        for entry in entries.prefix(request.size) {
            // An entry without its certificate was deleted between the two reads.
            guard let id = entry.lastString.flatMap({ CertificateID($0) }),
                let certificate = try await registry.read(registry.keys(call).certificate(id))
            else { continue }
            certificates.append(
                IoT.Certificate(
                    certificateArn: certificate.arn(in: call.realm).description, certificateId: id.text,
                    status: certificate.status.rawValue, certificateMode: certificate.mode.rawValue,
                    creationDate: certificate.creationDate))
        }
        let last = entries.count > request.size ? entries[request.size - 1].bytes : nil
        return IoT.ListCertificates.Output(certificates: certificates, nextMarker: request.nextToken(after: last))
    }

    /// The entries of the page and one more when there is a next page.
    private func creationEntries(
        _ request: PageRequest, ascending: Bool, _ call: CallContext
    ) async throws -> [KeyBytes] {
        let keys = registry.keys(call)
        let first = ascending ? keys.certificatesOldestFirst : nil
        let documents = try await registry.documents.scan(
            prefix: keys.certificatesByCreation, after: request.after.map(KeyBytes.init(bytes:)) ?? first,
            limit: request.size + 1)
        return documents.map(\.key).filter { ascending || $0 < keys.certificatesOldestFirst }
    }
}
