internal import MQTTCodec

extension QoS {
    var codec: MQTTCodec.QoS { self == .atMostOnce ? .atMostOnce : .atLeastOnce }

    /// Nil for QoS 2.
    init?(_ qos: MQTTCodec.QoS) { self.init(rawValue: qos.rawValue) }
}

extension ProtocolVersion {
    var codec: MQTTCodec.ProtocolVersion { self == .v5 ? .v5 : .v3_1_1 }
}

extension Refusal {
    init(_ code: ReasonCode, _ properties: Properties) {
        self.init(reasonCode: code.rawValue, name: "\(code)", serverText: properties.reasonString?.string)
    }

    var code: ReasonCode? { ReasonCode(rawValue: reasonCode) }
}
