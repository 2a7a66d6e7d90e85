package import Logging
package import MartletBase

/// What one log event says beside its message, flattened to name and value in the order of the names. Values whose
/// name says that they are secret are masked here, so no handler can forget it.
package struct LogFields {
    package static let mask = "(masked)"

    package private(set) var fields: [(name: String, value: JSONValue)] = []

    /// Later sources win: the logger's own metadata, the provider's, then the event's.
    package init(logger: Logger.Metadata, provider: Logger.MetadataProvider?, event: LogEvent) {
        var merged = logger
        if let provided = provider?.get() { merged.merge(provided) { _, provided in provided } }
        if let metadata = event.metadata { merged.merge(metadata) { _, own in own } }
        if let error = event.error { merged["error"] = "\(error)" }
        append(merged, prefix: "")
    }

    private mutating func append(_ metadata: Logger.Metadata, prefix: String) {
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            let name = prefix + key
            if Self.isSecret(key) {
                fields.append((name, .string(Self.mask)))
            } else if case .dictionary(let inner) = value {
                append(inner, prefix: name + ".")
            } else {
                fields.append((name, Self.json(value)))
            }
        }
    }

    private static func json(_ value: Logger.MetadataValue) -> JSONValue {
        switch value {
        case .string(let text): .string(text)
        case .stringConvertible(let flag as Bool): .bool(flag)
        case .stringConvertible(let number as any BinaryInteger): .number(JSONNumber(number))
        case .stringConvertible(let other): .string(other.description)
        case .array(let values): .array(values.map(json))
        case .dictionary(let inner):
            .object(
                JSONObject(
                    inner.sorted { $0.key < $1.key }.map { key, value in
                        (key, isSecret(key) ? .string(mask) : json(value))
                    }))
        }
    }

    /// `Authorization`, `private_key` and `mqttPassword` are secrets; `clientToken` and `keyFile` are not.
    package static func isSecret(_ name: String) -> Bool {
        let plain = String(name.lowercased().filter { $0.isLetter || $0.isNumber })
        return secretNames.contains(plain) || secretEndings.contains { plain.hasSuffix($0) }
    }

    private static let secretNames: Set<String> = [
        "authorization", "cookie", "setcookie", "credentials", "token", "xamzsecuritytoken", "xamzsignature", "keypem",
    ]
    private static let secretEndings = [
        "password", "passwd", "passphrase", "privatekey", "privatekeypem", "secret", "secretkey", "secretaccesskey",
        "sessiontoken", "securitytoken", "apikey",
    ]
}
