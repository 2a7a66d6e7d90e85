/// A parsed pattern.
indirect enum PatternNode: Sendable {
    case set(ScalarSet)
    case start
    case end
    case sequence([PatternNode])
    case alternatives([PatternNode])
    /// No maximum means without end.
    case repeated(PatternNode, minimum: Int, maximum: Int?)
}
