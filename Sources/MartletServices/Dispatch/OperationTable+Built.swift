internal import AWSModel

/// Every operation that is built, by area.
extension OperationTable {
    package init(_ environment: ServiceEnvironment) {
        self.init()
        let registry = environment.registry
        add(ThingService(registry: registry, random: environment.random, limits: environment.attributeLimits))
        add(CertificateService(registry: registry, issuer: environment.issuer, random: environment.random))
        add(PolicyService(registry: registry, random: environment.random))
        add(PolicyAttachmentService(registry: registry))
        add(ThingPrincipalService(registry: registry))
        add(EndpointService(names: environment.endpoints))
        add(ShadowOperations(service: environment.shadows, authorization: environment.dataPlane))
        add(ConnectivityService(registry: registry, directory: environment.connectivity))
        add(MessageOperations(broker: environment.broker, authorization: environment.dataPlane))
        add(RetainedOperations(broker: environment.broker, authorization: environment.dataPlane))
        add(ConnectionOperations(
                broker: environment.broker, authorization: environment.dataPlane, rates: environment.connectionRates))
    }

    private mutating func add(_ things: ThingService) {
        on(IoT.CreateThing.self, things.create)
        on(IoT.DescribeThing.self, things.describe)
        on(IoT.ListThings.self, things.list)
        on(IoT.UpdateThing.self, things.update)
        on(IoT.DeleteThing.self, things.delete)
    }

    private mutating func add(_ certificates: CertificateService) {
        on(IoT.CreateKeysAndCertificate.self, certificates.createKeys)
        on(IoT.CreateCertificateFromCsr.self, certificates.createFromCSR)
        on(IoT.DescribeCertificate.self, certificates.describe)
        on(IoT.ListCertificates.self, certificates.list)
        on(IoT.UpdateCertificate.self, certificates.update)
        on(IoT.DeleteCertificate.self, certificates.delete)
    }

    private mutating func add(_ policies: PolicyService) {
        on(IoT.CreatePolicy.self, policies.create)
        on(IoT.GetPolicy.self, policies.get)
        on(IoT.ListPolicies.self, policies.list)
        on(IoT.DeletePolicy.self, policies.delete)
        on(IoT.CreatePolicyVersion.self, policies.createVersion)
        on(IoT.GetPolicyVersion.self, policies.getVersion)
        on(IoT.ListPolicyVersions.self, policies.listVersions)
        on(IoT.SetDefaultPolicyVersion.self, policies.setDefaultVersion)
        on(IoT.DeletePolicyVersion.self, policies.deleteVersion)
    }

    private mutating func add(_ attachments: PolicyAttachmentService) {
        on(IoT.AttachPolicy.self, attachments.attach)
        on(IoT.DetachPolicy.self, attachments.detach)
        on(IoT.ListAttachedPolicies.self, attachments.listAttached)
        on(IoT.ListTargetsForPolicy.self, attachments.listTargets)
        on(IoT.AttachPrincipalPolicy.self, attachments.attachPrincipal)
        on(IoT.DetachPrincipalPolicy.self, attachments.detachPrincipal)
        on(IoT.ListPrincipalPolicies.self, attachments.listPrincipalPolicies)
        on(IoT.ListPolicyPrincipals.self, attachments.listPolicyPrincipals)
    }

    private mutating func add(_ principals: ThingPrincipalService) {
        on(IoT.AttachThingPrincipal.self, principals.attach)
        on(IoT.DetachThingPrincipal.self, principals.detach)
        on(IoT.ListThingPrincipals.self, principals.listPrincipals)
        on(IoT.ListThingPrincipalsV2.self, principals.listPrincipalsV2)
        on(IoT.ListPrincipalThings.self, principals.listThings)
        on(IoT.ListPrincipalThingsV2.self, principals.listThingsV2)
    }

    private mutating func add(_ shadows: ShadowOperations) {
        on(IoTData.GetThingShadow.self, shadows.get)
        on(IoTData.UpdateThingShadow.self, shadows.update)
        on(IoTData.DeleteThingShadow.self, shadows.delete)
        on(IoTData.ListNamedShadowsForThing.self, shadows.listNamed)
    }

    private mutating func add(_ messages: MessageOperations) {
        onRaw(IoTData.Publish.self, messages.publish)
    }

    private mutating func add(_ retained: RetainedOperations) {
        on(IoTData.GetRetainedMessage.self, retained.get)
        on(IoTData.ListRetainedMessages.self, retained.list)
    }

    private mutating func add(_ connections: ConnectionOperations) {
        onRaw(IoTData.DeleteConnection.self, connections.delete)
        on(IoTData.GetConnection.self, connections.get)
        on(IoTData.ListSubscriptions.self, connections.listSubscriptions)
    }

    private mutating func add(_ connectivity: ConnectivityService) {
        on(IoT.GetThingConnectivityData.self, connectivity.get)
    }

    private mutating func add(_ endpoints: EndpointService) {
        on(IoT.DescribeEndpoint.self, endpoints.describe)
    }
}
