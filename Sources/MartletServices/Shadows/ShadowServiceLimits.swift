/// What may wait in the shadow service. Beyond, the client gets the service's own throttling answer (shadows.md section 8).
package struct ShadowServiceLimits: Sendable {
    /// Requests of one thing that are not answered yet (`shadow.inflight`).
    package var inflightPerThing = 1_000
    /// Requests of all things of one lane.
    package var waitingPerLane = 10_000
    /// Requests that one commit takes together.
    package var requestsPerCommit = 256
    /// Shadows that a lane remembers, so that an update needs no read.
    package var rememberedPerLane = 512

    package init() {}
}
