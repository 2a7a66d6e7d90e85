/// A user property: a name and a value, in the order and number in which they were sent [MQTT-3.3.2-18].
package struct UserProperty: Hashable, Sendable {
    package var name: MQTTString
    package var value: MQTTString

    package init(_ name: MQTTString, _ value: MQTTString) {
        self.name = name
        self.value = value
    }
}
