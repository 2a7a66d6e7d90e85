/// PINGRESP (section 3.13), the answer to PINGREQ [MQTT-3.12.4-1].
package struct PingResp: Hashable, Sendable {
    package init() {}
}
