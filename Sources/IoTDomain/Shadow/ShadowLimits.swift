/// The limits of shadows (shadows.md section 9).
package enum ShadowLimits {
    /// Compact JSON of the desired object plus that of the reported object; metadata is not counted.
    package static let documentBytes = 8192
    /// Objects and arrays in one another within a section; the section itself is level 1.
    package static let nestingLevels = 8
    package static let clientTokenBytes = 64
    package static let thingNameBytes = 128
    package static let shadowNameBytes = 64
    /// How long a deleted shadow's version is remembered (shadows.md section 7).
    package static let tombstoneSeconds: Int64 = 48 * 3600
    /// Requests of one connection that may be unanswered at a time. The service counts them.
    package static let requestsInFlight = 10
}
