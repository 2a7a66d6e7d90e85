/// How one seed went.
package struct SimulationReport: Sendable {
    package let seed: UInt64
    package let mode: SimulationOptions.Mode
    /// What was not as it had to be; empty when all is well.
    package let violations: [String]
    /// All that has happened, in order.
    package let trace: [String]
    /// Steps, starts of the server, and messages that it has acknowledged: how much the seed was worth.
    package let steps: Int
    package let starts: Int
    package let acknowledged: Int
    /// Damage was found and refused, by this reason.
    package let refusal: String?

    /// For who reads a failure: the story and what was wrong with it.
    package var story: String {
        (trace + violations.map { "seed \(seed) of \(mode.rawValue): \($0)" }).joined(separator: "\n")
    }

    package var isGood: Bool { violations.isEmpty }
}
