import AWSModel
import MartletServices
import Testing

@Suite("The coverage page")
struct CoverageTests {
    private let table = OperationTable(.unconnected)

    @Test("It names every operation of the four services once, as built or as refused")
    func complete() {
        let text = Coverage.markdown(table)
        #expect(text == Coverage.markdown(OperationTable(.unconnected)))
        #expect(text.contains("| CreateThing | POST | `/things/{thingName}` |"))
        #expect(text.contains("Basic Ingest"))
        let refused = text.split(separator: "\n").filter { $0.hasPrefix("Answer 501: ") }
        #expect(refused.count == 4)
        #expect(refused[0].contains("CreateJob,") && !refused[0].contains(" CreateThing,"))
        for service in Service.allCases {
            let operations = ShapeTable.of(service).operations
            let built = operations.count(where: table.isBuilt)
            #expect(text.contains("| \(operations.count) | \(built) | \(operations.count - built) |"))
        }
    }

    @Test("What the first version promises is built")
    func built() {
        let names = ShapeTable.of(.iot).operations.filter(table.isBuilt).map(\.name).sorted()
        #expect(
            names == [
                "AttachPolicy", "AttachPrincipalPolicy", "AttachThingPrincipal", "CreateCertificateFromCsr",
                "CreateKeysAndCertificate", "CreatePolicy", "CreatePolicyVersion", "CreateThing", "DeleteCertificate",
                "DeletePolicy", "DeletePolicyVersion", "DeleteThing", "DescribeCertificate", "DescribeEndpoint",
                "DescribeThing", "DetachPolicy", "DetachPrincipalPolicy", "DetachThingPrincipal", "GetPolicy",
                "GetPolicyVersion", "GetThingConnectivityData", "ListAttachedPolicies", "ListCertificates", "ListPolicies", "ListPolicyPrincipals",
                "ListPolicyVersions", "ListPrincipalPolicies", "ListPrincipalThings", "ListPrincipalThingsV2",
                "ListTargetsForPolicy", "ListThingPrincipals", "ListThingPrincipalsV2", "ListThings",
                "SetDefaultPolicyVersion", "UpdateCertificate", "UpdateThing",
            ])
        #expect(
            ShapeTable.of(.iotData).operations.filter(table.isBuilt).map(\.name).sorted() == [
                "DeleteConnection", "DeleteThingShadow", "GetConnection", "GetRetainedMessage", "GetThingShadow",
                "ListNamedShadowsForThing", "ListRetainedMessages", "ListSubscriptions", "Publish", "UpdateThingShadow",
            ])
    }
}
