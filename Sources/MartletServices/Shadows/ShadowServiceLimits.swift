/// What may wait in the shadow service. Beyond, the client gets the service's own throttling answer (shadows.md section
/// 8).
package struct ShadowServiceLimits: Sendable {
    /// Requests of one thing that are not answered yet (`shadow.inflight`).
    package var inflightPerThing = 1_000
    /// Requests of one thing in a second; nil: no limit.
    package var ratePerThing: Int?
    /// Requests of all things of one lane.
    package var waitingPerLane = 10_000
    /// Bytes of their payloads.
    package var waitingBytesPerLane = 4 * 1024 * 1024
    /// Bytes of one request; above it the answer is 413. What fits a shadow is far smaller, however it is written.
    package var requestBytes = 128 * 1024
    /// Requests that one commit takes together.
    package var requestsPerCommit = 256
    /// Shadows that a lane remembers, so that an update needs no read.
    package var rememberedPerLane = 512
    /// Bytes of these as they are stored.
    package var rememberedBytesPerLane = 1024 * 1024
    /// Shadows that one call of a list looks at, deleted ones too, before it answers with what it has.
    package var examinedPerList = 5_000

    package init() {}
}
