package import IoTDomain
package import Logging
package import MartletBase
package import MartletStore

/// What the services stand on. It is put together once, at start.
package struct ServiceEnvironment: Sendable {
    package var documents: any DocumentStore
    package var barrier: any AppliedBarrier
    package var issuer: any DeviceCertificateIssuer
    package var random: any RandomSource
    package var endpoints: EndpointNames
    package var shadows: ShadowService
    package var dataPlane: DataPlaneAuthorization
    package var connectivity: any ConnectivityDirectory
    package var broker: any DataPlaneBroker
    package var connectionRates: ConnectionCallRates
    package var attributeLimits: ThingAttributeLimits
    /// `list.examinedPerPage`: records that one call of a list looks at before it answers with what it has.
    package var examinedPerPage: Int
    package var logger: Logger

    package init(
        documents: any DocumentStore, barrier: any AppliedBarrier, issuer: any DeviceCertificateIssuer,
        random: any RandomSource, endpoints: EndpointNames, shadows: ShadowService, dataPlane: DataPlaneAuthorization,
        connectivity: any ConnectivityDirectory, broker: any DataPlaneBroker = AbsentBroker(),
        connectionRates: ConnectionCallRates = .init(), attributeLimits: ThingAttributeLimits = .init(),
        examinedPerPage: Int = 5_000, logger: Logger
    ) {
        self.shadows = shadows
        self.dataPlane = dataPlane
        self.connectivity = connectivity
        self.broker = broker
        self.connectionRates = connectionRates
        self.documents = documents
        self.barrier = barrier
        self.issuer = issuer
        self.random = random
        self.endpoints = endpoints
        self.attributeLimits = attributeLimits
        self.examinedPerPage = max(1, examinedPerPage)
        self.logger = logger
    }

    var registry: Registry {
        Registry(documents: documents, barrier: barrier, examinedPerPage: examinedPerPage)
    }
}
