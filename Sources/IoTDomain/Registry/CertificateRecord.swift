package import MartletBase

/// A client certificate as it is stored. The PEM text comes back byte for byte.
package struct CertificateRecord: Hashable, Sendable {
    package let id: CertificateID
    package let pem: String
    package var status: CertificateStatus
    package let mode: CertificateMode
    package var ownedBy: AccountID
    package var previousOwnedBy: AccountID?
    package let caCertificateID: CertificateID?
    package let creationDate: WallInstant
    package var lastModifiedDate: WallInstant
    /// 1 after creation, one more with each change of status or owner.
    package var customerVersion: Int
    package let generationID: String
    package let notBefore: WallInstant
    package let notAfter: WallInstant

    package init(
        id: CertificateID, pem: String, status: CertificateStatus, mode: CertificateMode = .standard,
        ownedBy: AccountID, previousOwnedBy: AccountID? = nil, caCertificateID: CertificateID? = nil,
        creationDate: WallInstant, lastModifiedDate: WallInstant, customerVersion: Int = 1, generationID: String,
        notBefore: WallInstant, notAfter: WallInstant
    ) {
        self.id = id
        self.pem = pem
        self.status = status
        self.mode = mode
        self.ownedBy = ownedBy
        self.previousOwnedBy = previousOwnedBy
        self.caCertificateID = caCertificateID
        self.creationDate = creationDate
        self.lastModifiedDate = lastModifiedDate
        self.customerVersion = customerVersion
        self.generationID = generationID
        self.notBefore = notBefore
        self.notAfter = notAfter
    }

    package func arn(in realm: Realm) -> ARN { realm.arn("cert", id.text) }
}

extension CertificateRecord {
    package init(json: JSONValue) throws(RecordFormatError) {
        let reader = try RecordReader("certificate", json)
        guard let id = CertificateID(try reader.string("id")) else { throw reader.missing("id") }
        guard let owner = AccountID(try reader.string("ownedBy")) else { throw reader.missing("ownedBy") }
        self.init(
            id: id, pem: try reader.string("pem"), status: try reader.choice("status"),
            mode: try reader.choice("mode"), ownedBy: owner,
            previousOwnedBy: try reader.optionalString("previousOwnedBy").flatMap { AccountID($0) },
            caCertificateID: try reader.optionalString("caCertificateId").flatMap { CertificateID($0) },
            creationDate: try reader.instant("creationDate"),
            lastModifiedDate: try reader.instant("lastModifiedDate"),
            customerVersion: try reader.int("customerVersion"), generationID: try reader.string("generationId"),
            notBefore: try reader.instant("notBefore"), notAfter: try reader.instant("notAfter"))
    }

    package var json: JSONValue {
        var object: JSONObject = [
            "id": .string(id.text), "pem": .string(pem), "status": .string(status.rawValue),
            "mode": .string(mode.rawValue), "ownedBy": .string(ownedBy.text),
        ]
        object["previousOwnedBy"] = previousOwnedBy.map { .string($0.text) }
        object["caCertificateId"] = caCertificateID.map { .string($0.text) }
        object["creationDate"] = creationDate.json
        object["lastModifiedDate"] = lastModifiedDate.json
        object["customerVersion"] = .int(customerVersion)
        object["generationId"] = .string(generationID)
        object["notBefore"] = notBefore.json
        object["notAfter"] = notAfter.json
        return .object(object)
    }
}
