/// What may happen in a world.
package struct SimulationOptions: Sendable {
    package var kills = true
    package var powerLosses = true
    /// Operations of the disk fail for a while.
    package var faults = false
    /// At the end bits are flipped: what cannot be read must be refused, and nothing acknowledged silently lost.
    package var damages = false
    /// Syncs do nothing, which must be found out.
    package var pretendsToSync = false
    /// Operations of the disk stand in the trace.
    package var tracesDisk = false
    /// nil: by the seed.
    package var steps: Int?

    package init() {}
}
