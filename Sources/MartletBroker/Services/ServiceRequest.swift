package import MartletBase
package import NIOCore

/// A message that a client published on a reserved topic, on its way to the service behind it (mqtt-broker.md section
/// 14). The broker has checked the protocol and the policies; PUBACK says that the service has it, not what it answers.
package struct ServiceRequest: Sendable {
    package let realm: Realm
    package let clientID: String
    package let topic: String
    package let payload: ByteBuffer
    package let qos: UInt8

    package init(realm: Realm, clientID: String, topic: String, payload: ByteBuffer, qos: UInt8) {
        self.realm = realm
        self.clientID = clientID
        self.topic = topic
        self.payload = payload
        self.qos = qos
    }
}

/// A service's door on the broker's side.
package protocol ServiceMailbox: Sendable {
    /// Takes a request over, in the order in which its thing's clients published. Called on event loops: never blocks.
    /// A mailbox that is full answers the client itself, with the service's own throttling answer.
    func receive(_ request: ServiceRequest)
}
