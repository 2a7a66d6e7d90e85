import MQTTCodec

/// The Subscription Identifiers of a delivery, as properties of its PUBLISH `[MQTT-3.3.4-3]`.
enum SubscriptionIdentifiers {
    /// Gives the property's bytes for the target's own identifier, and for each of `further`.
    static func append(
        _ target: SubscriptionEntry, _ further: UnsafeBufferPointer<SubscriptionEntry>, _ write: (UInt8) -> Void
    ) {
        append(target.subscriptionID, write)
        for entry in further { append(entry.subscriptionID, write) }
    }

    static func append(_ identifier: UInt32, _ write: (UInt8) -> Void) {
        guard identifier != 0 else { return }
        write(PropertyIdentifier.subscriptionIdentifier.rawValue)
        withUnsafeTemporaryAllocation(byteCount: 4, alignment: 1) { bytes in
            guard let base = bytes.baseAddress else { return }
            let count = VariableByteInteger.write(Int(identifier), to: base)
            for byte in bytes[..<count] { write(byte) }
        }
    }
}
