/// What a denial looks like to a 3.1.1 client, where AWS and OASIS leave a choice (policies.md section 7).
package struct BrokerBehaviour: Sendable {
    package enum V3Connect: String, Sendable { case connack5, close }
    package enum V3Subscribe: String, Sendable { case close, suback80 }

    /// `mqtt.profile`: all of MQTT, or AWS's refusals too (mqtt-broker.md section 18).
    package enum Profile: String, Sendable { case oasis, aws }

    package var profile = Profile.oasis
    var isAWS: Bool { profile == .aws }

    package var v3Connect = V3Connect.connack5
    package var v3Subscribe = V3Subscribe.close

    /// Seconds between two looks at the numbers under `$SYS`; 0: there is no `$SYS`.
    package var systemTopicsSeconds = 0
    /// What `$SYS/broker/version` says.
    package var version = "martlet"
    /// What a client that asks for Response Information is told: a part of the topic tree for its responses (MQTT 5.0
    /// section 3.2.2.3.15); nil: nothing.
    package var responseInformation: String?

    package init() {}
}
