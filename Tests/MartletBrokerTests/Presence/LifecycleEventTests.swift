import MartletBase
import NIOCore
import Testing

@testable import MartletBroker

@Suite("Lifecycle events")
struct LifecycleEventTests {
    private func payload(_ kind: LifecycleEvent.Kind, thing: String? = nil) -> String {
        String(
            buffer: LifecycleEvent(
                kind: kind, clientID: "pump7", thingName: thing,
                sessionIdentifier: SessionIdentifier(high: 0x0D1C_2B3A_1111_4222, low: 0x8333_4444_5555_6666),
                principalIdentifier: "anonymous", at: WallInstant(millisecondsSinceEpoch: 1_767_225_600_123)
            ).payload)
    }

    @Test("Payloads have the members of lifecycle-events.md, and no others")
    func payloads() {
        let common = #""sessionIdentifier":"0d1c2b3a-1111-4222-8333-444455556666","principalIdentifier":"anonymous""#
        #expect(
            payload(.connected(versionNumber: 4, address: "::1"), thing: "t")
                == #"{"clientId":"pump7","thingName":"t","timestamp":1767225600123,"eventType":"connected",\#(common),"ipAddress":"::1","versionNumber":4}"#)
        #expect(
            payload(.disconnected(versionNumber: 4, reason: .keepAliveTimeout))
                == #"{"clientId":"pump7","timestamp":1767225600123,"eventType":"disconnected",\#(common),"clientInitiatedDisconnect":false,"disconnectReason":"MQTT_KEEP_ALIVE_TIMEOUT","versionNumber":4}"#)
        #expect(
            payload(.connectFailed(address: "1.2.3.4"))
                == #"{"clientId":"pump7","timestamp":1767225600123,"eventType":"connect_failed","connectFailureReason":"AUTHORIZATION_FAILED",\#(common),"ipAddress":"1.2.3.4"}"#)
        #expect(
            payload(.subscribed(["a/+", "b"]))
                == #"{"clientId":"pump7","timestamp":1767225600123,"eventType":"subscribed",\#(common),"topics":["a/+","b"]}"#)
    }

    @Test("Session identifiers are version 4 UUIDs, and ids with wildcards have no events")
    func identifiers() {
        let text = SessionIdentifier(SystemRandomSource()).text
        #expect(text.count == 36)
        #expect(Array(text)[14] == "4" && "89ab".contains(Array(text)[19]))
        #expect(LifecycleEvent.isTold(of: "a/b c"))
        #expect(!LifecycleEvent.isTold(of: "a+") && !LifecycleEvent.isTold(of: "#"))
    }

    @Test("Versions rise with each connection and start again after a reset")
    func presence() {
        var presence = Presence()
        let now = WallInstant(millisecondsSinceEpoch: 0)
        presence.connect(at: now)
        #expect(presence.versionNumber == 0)
        presence.disconnect(at: now, .connectionLost)
        presence.connect(at: now)
        #expect(presence.versionNumber == 1 && presence.disconnectedAt == nil)
        presence.disconnect(at: now, .connectionLost)
        presence.reset()
        presence.connect(at: now)
        #expect(presence.versionNumber == 0)
    }
}
