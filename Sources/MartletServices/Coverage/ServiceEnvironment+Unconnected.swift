internal import IoTDomain
internal import Logging
internal import MartletBase
internal import MartletBroker
internal import MartletPKI
internal import MartletStore

extension ServiceEnvironment {
    /// Stands on nothing: enough to know which operations are built. Every call made on it fails.
    package static var unconnected: ServiceEnvironment {
        ServiceEnvironment(
            documents: Unconnected(), barrier: Unconnected(), issuer: Unconnected(), random: SystemRandomSource(),
            endpoints: .host("localhost"),
            shadows: ShadowService(
                documents: Unconnected(), publisher: Unconnected(), clock: Unconnected(),
                logger: Logger(label: "martlet.unconnected")),
            dataPlane: DataPlaneAuthorization(
                loader: nil, allowsAnonymous: false, logger: Logger(label: "martlet.unconnected")),
            connectivity: Unconnected(), logger: Logger(label: "martlet.unconnected"))
    }
}

private struct Unconnected: DocumentStore, AppliedBarrier, DeviceCertificateIssuer, ServicePublisher,
    ConnectivityDirectory, WallClock
{
    private static let refusal = EngineError.unavailable(because: "no store is connected")

    func get(_ key: KeyBytes) async throws(EngineError) -> Document? { throw Self.refusal }

    func commit(_ writes: [DocumentWrite]) async throws(EngineError) -> ChangePosition { throw Self.refusal }

    func scan(prefix: KeyBytes, after: KeyBytes?, limit: Int) async throws(EngineError) -> [Document] {
        throw Self.refusal
    }

    func changes(prefix: KeyBytes, since: ChangePosition) -> AsyncThrowingStream<Change, any Error> {
        AsyncThrowingStream { $0.finish(throwing: Self.refusal) }
    }

    func currentPosition() async throws(EngineError) -> ChangePosition { throw Self.refusal }

    func publish(_ messages: [ServiceMessage], lane: String, in account: AccountID) async -> Bool { false }

    func connectivity(of clientID: String, in account: AccountID) async -> Connectivity? { nil }

    func now() -> WallInstant { WallInstant(millisecondsSinceEpoch: 0) }

    func applied(through position: ChangePosition) async throws { throw Self.refusal }

    func issueDeviceCertificate() async throws(PKIError) -> IssuedKeysAndCertificate { throw .signingFailed }

    func issueCertificate(csrPEM: String) throws(PKIError) -> IssuedCertificate { throw .signingFailed }
}
