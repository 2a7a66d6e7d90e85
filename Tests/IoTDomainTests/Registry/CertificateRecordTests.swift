import IoTDomain
import MartletBase
import Testing

@Suite("Certificate records")
struct CertificateRecordTests {
    private static let id = CertificateID(String(repeating: "ab", count: 32))!

    private func record(_ status: CertificateStatus) -> CertificateRecord {
        CertificateRecord(
            id: Self.id, pem: "-----BEGIN CERTIFICATE-----\n", status: status, ownedBy: .zero,
            creationDate: WallInstant(millisecondsSinceEpoch: 1000),
            lastModifiedDate: WallInstant(millisecondsSinceEpoch: 1000), generationID: "g",
            notBefore: WallInstant(millisecondsSinceEpoch: 0), notAfter: WallInstant(millisecondsSinceEpoch: 9000))
    }

    @Test("A certificate is stored under stable names and read back the same")
    func roundTrip() throws {
        let text = JSONWriter.text(record(.active).json)
        #expect(text.hasPrefix(#"{"id":"abab"#))
        #expect(
            text.hasSuffix(
                #""status":"ACTIVE","mode":"DEFAULT","ownedBy":"000000000000","creationDate":1000,"lastModifiedDate":1000,"customerVersion":1,"generationId":"g","notBefore":0,"notAfter":9000}"#
            ))
        #expect(try CertificateRecord(json: record(.revoked).json) == record(.revoked))
    }

    @Test(
        "The table of status changes",
        arguments: [
            (.inactive, .active, .changed), (.active, .inactive, .changed), (.active, .revoked, .changed),
            (.inactive, .revoked, .changed), (.pendingActivation, .active, .changed),
            (.registerInactive, .active, .changed), (.active, .active, .same), (.revoked, .revoked, .same),
            (.revoked, .active, .state), (.revoked, .inactive, .state), (.pendingTransfer, .active, .state),
            (.active, .pendingTransfer, .request), (.inactive, .pendingActivation, .request),
            (.pendingActivation, .pendingActivation, .request), (.active, .registerInactive, .request),
        ] as [(CertificateStatus, CertificateStatus, Outcome)])
    func transitions(from: CertificateStatus, to: CertificateStatus, outcome: Outcome) throws {
        let now = WallInstant(millisecondsSinceEpoch: 5000)
        switch outcome {
        case .changed:
            let changed = try #require(try record(from).changingStatus(to: to, at: now))
            #expect(changed.status == to)
            #expect(changed.customerVersion == 2)
            #expect(changed.lastModifiedDate == now)
            #expect(changed.creationDate == record(from).creationDate)
        case .same: #expect(try record(from).changingStatus(to: to, at: now) == nil)
        case .state:
            #expect(throws: RegistryRefusal.statusCannotChange(certificate: Self.id, from: from, to: to)) {
                try record(from).changingStatus(to: to, at: now)
            }
        case .request:
            #expect(throws: RegistryRefusal.statusCannotBeRequested(to)) {
                try record(from).changingStatus(to: to, at: now)
            }
        }
    }

    enum Outcome { case changed, same, state, request }

    @Test("Only ACTIVE authenticates")
    func authenticates() {
        #expect(CertificateStatus.allCases.filter(\.authenticates) == [.active])
    }

    @Test("A delete needs an inactive certificate without things, and without policies unless forced")
    func delete() throws {
        let inactive = record(.inactive)
        try inactive.checkDelete(hasThings: false, hasPolicies: false, force: false)
        try record(.revoked).checkDelete(hasThings: false, hasPolicies: true, force: true)
        #expect(throws: RegistryRefusal.certificateIsActive(Self.id)) {
            try record(.active).checkDelete(hasThings: false, hasPolicies: false, force: true)
        }
        #expect(throws: RegistryRefusal.certificateHasThings(Self.id)) {
            try inactive.checkDelete(hasThings: true, hasPolicies: false, force: true)
        }
        #expect(throws: RegistryRefusal.certificateHasPolicies(Self.id)) {
            try inactive.checkDelete(hasThings: false, hasPolicies: true, force: false)
        }
    }
}
