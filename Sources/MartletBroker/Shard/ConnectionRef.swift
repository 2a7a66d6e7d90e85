/// Names one connection on any loop: where it lives, its place there, and which of the connections that have had that
/// place it is. A late message for one that has gone is recognised by the generation.
struct ConnectionRef: Hashable, Sendable, BitwiseCopyable {
    let loop: UInt16
    let slot: UInt32
    let generation: UInt32
}
