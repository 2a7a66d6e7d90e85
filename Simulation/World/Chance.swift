import MartletBase
import MartletTesting

/// The numbers of one seed, in the forms that a simulation asks for.
struct Chance {
    let source: SeededRandomSource

    init(seed: UInt64) { source = SeededRandomSource(seed: seed) }

    /// 0 to `limit` - 1.
    func below(_ limit: Int) -> Int { Int(source.nextUInt64() % UInt64(limit)) }

    func oneIn(_ limit: Int) -> Bool { below(limit) == 0 }

    func pick<Choice>(_ choices: [Choice]) -> Choice { choices[below(choices.count)] }
}
