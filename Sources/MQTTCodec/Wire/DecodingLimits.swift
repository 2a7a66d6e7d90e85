/// What one packet may make the decoder keep beside its own bytes. Over a limit the packet is `tooManyFilters` or
/// `tooManyProperties`, reason code 0x97.
package struct DecodingLimits: Sendable {
    /// Topic filters in one SUBSCRIBE or UNSUBSCRIBE.
    package var maximumFilters: Int
    /// Properties in one list, user properties included.
    package var maximumProperties: Int

    package init(maximumFilters: Int = .max, maximumProperties: Int = .max) {
        self.maximumFilters = maximumFilters
        self.maximumProperties = maximumProperties
    }

    package static let unlimited = DecodingLimits()
}
