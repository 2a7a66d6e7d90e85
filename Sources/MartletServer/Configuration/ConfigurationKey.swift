/// One thing that can be set, and all that a person needs to know to set it.
package struct ConfigurationKey: Hashable, Sendable {
    /// What a value may be. Values are text in every source; `none` means that there is no limit.
    package enum Kind: Hashable, Sendable {
        case text
        case flag
        case choice([String])
        case integer(ClosedRange<Int>, orNone: Bool = false)
        case ipAddress
        case account
        /// Some of these names with commas between them, or `none`.
        case names([String])
        /// `any`, or IP addresses and CIDR blocks with commas between them.
        case addressBlocks
    }

    /// What holds when nobody says anything.
    package enum Default: Hashable, Sendable {
        case value(String)
        case byProfile(dev: String, production: String)
        case byLimits(generous: String, aws: String)
        case byMQTTProfile(oasis: String, aws: String)
        /// Worked out at start; the words say from what.
        case computed(String)
    }

    /// `mqtt.keepAlive.max`, as it stands in the file.
    package let name: String
    package let kind: Kind
    /// What the number counts: `bytes`, `s`; empty when it is a plain count or no number.
    package let unit: String
    package let defaultValue: Default
    /// One line for the manual.
    package let meaning: String
    /// Whether a running server takes up a change. No key does yet: a change needs a restart.
    package let reloadsLive = false

    init(_ name: String, _ kind: Kind, unit: String = "", _ defaultValue: Default, _ meaning: String) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.defaultValue = defaultValue
        self.meaning = meaning
    }

}
