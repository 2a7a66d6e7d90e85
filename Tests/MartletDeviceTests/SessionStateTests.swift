import MQTTCodec
import NIOCore
import Testing

@testable import MartletDevice

@Suite("What a connection decides")
struct SessionStateTests {
    private func connected(
        _ configuration: DeviceConfiguration = DeviceConfiguration(host: "h", port: 1, clientID: "pump7"),
        _ properties: Properties = .none
    ) -> SessionState {
        var state = SessionState(configuration)
        state.sentConnect()
        _ = state.received(.connAck(ConnAck(reasonCode: .success, properties: properties)))
        return state
    }

    private func closing(_ actions: [SessionState.Action]) -> DeviceError? {
        guard case .close(let error, _)? = actions.last else { return nil }
        return error
    }

    @Test("CONNECT says who, how long silence lasts and what this side takes")
    func connect() {
        var configuration = DeviceConfiguration(host: "h", port: 1, clientID: "pump7")
        let packet = SessionState(configuration).connect
        #expect(packet.clientID == "pump7" && packet.cleanStart && packet.keepAliveSeconds == 60)
        #expect(packet.properties.maximumPacketSizeBytes == 1 << 20)
        #expect(packet.properties.receiveMaximum == 1000)
        configuration.version = .v3_1_1
        #expect(SessionState(configuration).connect.properties.isEmpty)
    }

    @Test("What the server says in CONNACK binds the device")
    func serverLimits() throws {
        var properties = Properties()
        properties.serverKeepAliveSeconds = 30
        properties.assignedClientIdentifier = "other"
        properties.maximumQoS = .atMostOnce
        properties.retainAvailable = false
        properties.maximumPacketSizeBytes = 20
        var state = SessionState(DeviceConfiguration(host: "h", port: 1, clientID: ""))
        state.sentConnect()
        let actions = state.received(.connAck(ConnAck(reasonCode: .success, properties: properties)))
        guard case .connected(let limits)? = actions.first else {
            Issue.record("\(actions)")
            return
        }
        #expect(limits.keepAliveSeconds == 30 && limits.clientID == "other")
        #expect(throws: DeviceError.beyondServerLimit(name: "QoS", value: 1, limit: 0)) {
            try state.publish(topic: "a", payload: ByteBuffer(), qos: .atLeastOnce, retain: false)
        }
        #expect(throws: DeviceError.beyondServerLimit(name: "RETAIN", value: 1, limit: 0)) {
            try state.publish(topic: "a", payload: ByteBuffer(), qos: .atMostOnce, retain: true)
        }
        #expect(throws: DeviceError.beyondServerLimit(name: "packet bytes", value: 26, limit: 20)) {
            try state.publish(
                topic: "a", payload: ByteBuffer(repeating: 1, count: 20), qos: .atMostOnce, retain: false)
        }
    }

    @Test("Topics and filters that no server would take are refused here", arguments: ["", "a/#/b", "a+", "\0"])
    func invalidNames(name: String) {
        var state = connected()
        let subscribing = #expect(throws: DeviceError.self) { try state.subscribe(filter: name, qos: .atMostOnce) }
        #expect(subscribing?.code == "invalidArgument")
        let publishing = #expect(throws: DeviceError.self) {
            try state.publish(topic: name, payload: ByteBuffer(), qos: .atMostOnce, retain: false)
        }
        #expect(publishing?.code == "invalidArgument")
    }

    @Test("More unanswered requests than allowed are refused, and an answer makes room")
    func unanswered() throws {
        var configuration = DeviceConfiguration(host: "h", port: 1, clientID: "pump7")
        configuration.maximumUnanswered = 2
        var state = connected(configuration)
        func publish() throws -> UInt16? {
            try state.publish(topic: "a", payload: ByteBuffer(), qos: .atLeastOnce, retain: false).packetID
        }
        #expect(try publish() == 1)
        #expect(try publish() == 2)
        #expect(throws: DeviceError.tooManyUnanswered(limit: 2)) { try publish() }
        _ = state.received(.pubAck(PubAck(packetID: 1)))
        #expect(try publish() == 3)
        var properties = Properties()
        properties.receiveMaximum = 1
        state = connected(configuration, properties)
        _ = try publish()
        #expect(throws: DeviceError.tooManyUnanswered(limit: 1)) { try publish() }
    }

    @Test("Packet identifiers go round without 0 and without one in use")
    func packetIDs() throws {
        var state = connected()
        let first = try state.subscribe(filter: "a", qos: .atMostOnce).packetID
        for expected in 2...65_535 as ClosedRange<UInt16> {
            #expect(
                try state.publish(topic: "a", payload: ByteBuffer(), qos: .atLeastOnce, retain: false).packetID
                    == expected)
            _ = state.received(.pubAck(PubAck(packetID: expected)))
        }
        #expect(first == 1)
        #expect(
            try state.publish(topic: "a", payload: ByteBuffer(), qos: .atLeastOnce, retain: false).packetID == 2)
    }

    @Test(
        "What the server may not send ends the connection with DISCONNECT 0x82",
        arguments: [
            Packet.pubAck(PubAck(packetID: 9)), .subAck(SubAck(packetID: 9, reasonCodes: [.success])),
            .publish(Publish(topic: "a", qos: .exactlyOnce, packetID: 1)), .pingReq(PingReq()),
            .connAck(ConnAck(reasonCode: .success)),
        ])
    func violations(packet: Packet) {
        var state = connected()
        let actions = state.received(packet)
        #expect(closing(actions)?.code == "protocolViolation")
        guard case .close(_, .disconnect(let goodbye)?)? = actions.last else {
            Issue.record("\(actions)")
            return
        }
        #expect(goodbye.reasonCode == .protocolError)
        #expect(state.received(packet).isEmpty)
    }

    @Test("The end of the transport is reported by what was waited for")
    func transportEnds() throws {
        var tls = DeviceConfiguration(host: "h", port: 1, clientID: "pump7", tls: DeviceTLS())
        var state = SessionState(tls)
        #expect(closing(state.transportEnded("x")) == .tls(problem: "x"))
        tls.tls = nil
        state = SessionState(tls)
        state.sentConnect()
        #expect(closing(state.transportEnded("x")) == .closed(waitingFor: .connAck, problem: "x"))
        #expect(state.transportEnded("again").isEmpty)
        state = connected()
        _ = try state.subscribe(filter: "a", qos: .atLeastOnce)
        let ended = DeviceError.closed(waitingFor: .subAck, problem: "x")
        let actions = state.transportEnded("x")
        guard case .fail(1, ended)? = actions.first else {
            Issue.record("\(actions)")
            return
        }
        #expect(closing(actions) == ended)
        #expect(throws: DeviceError.disconnected) { try state.subscribe(filter: "a", qos: .atLeastOnce) }
    }

    @Test("A time-out is named after the step: TLS, CONNACK, SUBACK, PUBACK, PINGRESP")
    func timeouts() throws {
        var state = SessionState(DeviceConfiguration(host: "h", port: 1, clientID: "p", tls: DeviceTLS()))
        #expect(closing(state.connectTimedOut()) == .timeout(.tls, seconds: 10))
        state = SessionState(DeviceConfiguration(host: "h", port: 1, clientID: "p", tls: DeviceTLS()))
        state.sentConnect()
        #expect(closing(state.connectTimedOut()) == .timeout(.connAck, seconds: 10))
        state = connected()
        #expect(state.connectTimedOut().isEmpty)
        let subscription = try state.subscribe(filter: "a", qos: .atMostOnce).packetID
        #expect(closing(state.answerTimedOut(subscription)) == .timeout(.subAck, seconds: 10))
        state = connected()
        let message = try state.publish(topic: "a", payload: ByteBuffer(), qos: .atLeastOnce, retain: false)
        #expect(closing(state.answerTimedOut(try #require(message.packetID))) == .timeout(.pubAck, seconds: 10))
        state = connected()
        #expect(closing(state.pingTimedOut()) == .timeout(.pingResp, seconds: 10))
    }
}

@Suite("What a person reads")
struct DeviceErrorTests {
    @Test("Every error is a sentence that names its step and what to look at")
    func sentences() {
        let refused = Refusal(reasonCode: 0x87, name: "notAuthorized", serverText: "no policy allows it")
        #expect(
            DeviceError.connectRefused(clientID: "pump7", refused).description
                == "The server refused CONNECT of client 'pump7': notAuthorized (0x87), \"no policy allows it\". Check "
                + "that the certificate is active and that a policy attached to it allows iot:Connect for this client id."
        )
        #expect(
            DeviceError.subscribeRefused(
                filter: "a/#", Refusal(reasonCode: 0x80, name: "unspecifiedError", serverText: nil)
            ).description
                == "The server refused to subscribe to 'a/#': unspecifiedError (0x80). Check that the policy allows "
                + "iot:Subscribe for it.")
        #expect(DeviceError.timeout(.connAck, seconds: 10).description == "CONNACK did not come within 10 seconds.")
        #expect(
            DeviceError.timeout(.tls, seconds: 3).description == "The TLS handshake did not come within 3 seconds.")
        #expect(
            DeviceError.tcp(host: "h", port: 1883, problem: "Connection refused").description
                == "No connection to h:1883: Connection refused. Is the server running, and is this its port?")
    }
}
