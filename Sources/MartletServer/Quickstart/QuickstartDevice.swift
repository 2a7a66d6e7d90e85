/// The device side of `martlet quickstart`. The command line implements it with the device library, tests with a
/// stand-in.
package protocol QuickstartDevice: Sendable {
    /// Connects with what stands in the folder, subscribes to `topic`, publishes `payload` to it at QoS 1, and
    /// returns when that message has come back. Throws a sentence that names the step that failed.
    func roundTrip(_ folder: DeviceFolder, topic: String, payload: String) async throws(ServerFailure)
}

/// Sends the API calls of `martlet quickstart`.
package protocol QuickstartAPI: Sendable {
    func send(_ request: APIRequest) async throws(ServerFailure) -> APIAnswer
}

extension APIClient: QuickstartAPI {}
