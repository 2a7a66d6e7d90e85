import MartletDevice
import MartletServer

/// The device of `martlet quickstart`, run with the device library.
struct DeviceRoundTrip: QuickstartDevice {
    private static let returnTimeoutSeconds = 10

    func roundTrip(_ folder: DeviceFolder, topic: String, payload: String) async throws(ServerFailure) {
        do {
            try await Device.withConnection(Self.configuration(folder)) { connection in
                _ = try await connection.subscribe(topic)
                try await connection.publish(topic, payload)
                try await Self.waitForReturn(of: Array(payload.utf8), to: topic, on: connection)
            }
        } catch let failure as ServerFailure {
            throw failure
        } catch {
            let sentences = "\(error)"
            throw .runtime(sentences.hasSuffix(".") ? String(sentences.dropLast()) : sentences)
        }
    }

    private static func configuration(_ folder: DeviceFolder) -> DeviceConfiguration {
        DeviceConfiguration(
            host: folder.config.endpoint, port: folder.config.port, clientID: folder.config.clientID,
            tls: DeviceTLS(
                identity: (.file(folder.certificateFile), .file(folder.privateKeyFile)),
                trustedAuthority: .file(folder.caFile)))
    }

    private static func waitForReturn(
        of payload: [UInt8], to topic: String, on connection: DeviceConnection
    ) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask {
                for try await message in connection.messages where message.payload == payload { return }
                throw ServerFailure.runtime("the connection ended before its message on \(topic) came back")
            }
            group.addTask {
                try await Task.sleep(for: .seconds(returnTimeoutSeconds))
                throw ServerFailure.runtime(
                    "its message on \(topic) did not come back within \(returnTimeoutSeconds) s; does the policy allow "
                        + "iot:Receive for it?")
            }
            try await group.next()
            group.cancelAll()
        }
    }
}
