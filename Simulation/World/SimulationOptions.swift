/// What may happen in a world.
package struct SimulationOptions: Sendable {
    /// The kinds of worlds that are run, by the names that people give.
    package enum Mode: String, CaseIterable, Sendable {
        /// Processes are killed.
        case kills
        /// Power is lost.
        case power
        /// Both, one after the other.
        case crashes
        /// And operations of the disk fail for a while.
        case faults
        /// And at the end what is on the disk is not what was written.
        case damage
        /// The disk says that it has synced and has not: this must fail.
        case lies
    }

    package let mode: Mode
    package let kills: Bool
    package let powerLosses: Bool
    /// Operations of the disk fail for a while.
    package let faults: Bool
    /// At the end bits are flipped: what cannot be read must be refused, and nothing acknowledged silently lost.
    package let damages: Bool
    /// Syncs do nothing, which must be found out.
    package let pretendsToSync: Bool
    /// Operations of the disk stand in the trace.
    package var tracesDisk = false
    /// nil: by the seed.
    package var steps: Int?

    package init(_ mode: Mode = .crashes) {
        self.mode = mode
        kills = mode != .power
        powerLosses = mode != .kills
        faults = mode == .faults
        damages = mode == .damage
        pretendsToSync = mode == .lies
    }
}
