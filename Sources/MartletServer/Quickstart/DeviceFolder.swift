import Glibc
package import MartletBase

/// The folder that a device is started from: certificate, private key, CA and `config.json`.
package struct DeviceFolder: Hashable, Sendable {
    /// What `config.json` says. File names are relative to the folder, so it can be copied to a device as it is.
    package struct Config: Hashable, Sendable {
        package let endpoint: String
        package let port: Int
        package let thingName: String
        /// The thing's name: policies with thing variables need the two to be the same.
        package var clientID: String { thingName }

        package init(endpoint: String, port: Int, thingName: String) {
            self.endpoint = endpoint
            self.port = port
            self.thingName = thingName
        }

        package var json: JSONValue {
            [
                "endpoint": .string(endpoint), "port": .int(port), "thingName": .string(thingName),
                "clientId": .string(clientID), "certificate": .string(DeviceFolder.certificateName),
                "privateKey": .string(DeviceFolder.privateKeyName), "ca": .string(DeviceFolder.caName),
            ]
        }
    }

    static let certificateName = "certificate.pem"
    static let privateKeyName = "private.key"
    static let caName = "ca.pem"
    static let configName = "config.json"

    package let path: String
    package let config: Config

    package var certificateFile: String { path + "/" + Self.certificateName }
    package var privateKeyFile: String { path + "/" + Self.privateKeyName }
    package var caFile: String { path + "/" + Self.caName }

    /// Makes the directory, which must not exist: a device's key is never overwritten.
    static func makeDirectory(_ path: String) throws(ServerFailure) {
        guard mkdir(path, 0o755) != 0 else { return }
        if errno == EEXIST { throw .runtime("\(path) exists already; remove it or choose another name") }
        throw .runtime("the directory \(path) cannot be made: \(String(cString: strerror(errno)))")
    }

    /// Removes the directory if nothing has been written into it.
    static func removeEmptyDirectory(_ path: String) { rmdir(path) }

    /// Writes the four files; the private key is for its owner alone.
    func write(certificate: String, privateKey: String, ca: [UInt8]) throws(ServerFailure) {
        try write(Self.certificateName, Array(certificate.utf8))
        try write(Self.privateKeyName, Array(privateKey.utf8), mode: 0o600)
        try write(Self.caName, ca)
        try write(Self.configName, JSONWriter.bytes(config.json) + [UInt8(ascii: "\n")])
    }

    private func write(_ name: String, _ content: [UInt8], mode: UInt32 = 0o644) throws(ServerFailure) {
        do throws(SmallFile.Failure) {
            try SmallFile.create(path + "/" + name, content, mode: mode)
        } catch {
            throw .runtime("\(path)/\(name) cannot be written: \(error.why)")
        }
    }
}
