internal import AWSModel
internal import IoTDomain
internal import MartletBase

/// Whether a thing's device is connected: the client id is the thing's name (fleet-indexing.md section 5). AWS asks for
/// its fleet index first; here presence is kept whether there is an index or not.
struct ConnectivityService: Sendable {
    let registry: Registry
    let directory: any ConnectivityDirectory

    func get(
        _ input: IoT.GetThingConnectivityData.Input, _ call: CallContext
    ) async throws -> IoT.GetThingConnectivityData.Output {
        let thing = try await registry.require(registry.keys(call).thing(input.thingName))
        guard let found = await directory.connectivity(of: thing.name, in: call.account) else {
            return IoT.GetThingConnectivityData.Output(thingName: thing.name, connected: false)
        }
        return IoT.GetThingConnectivityData.Output(
            thingName: thing.name, connected: found.isConnected, timestamp: found.since,
            disconnectReason: found.disconnectReason ?? "NONE")
    }
}
