/// Which segments make up a log: each says which one was before it, and where that one's records end. Where a header is
/// damaged, the one with the next lower number is taken for its predecessor.
struct LogChain {
    /// From the oldest to the newest.
    private(set) var members: [UInt32] = []
    /// Where the records of a segment end, by the word of its successor.
    private(set) var ends: [UInt32: Int] = [:]
    /// Segments that another one names, that may be needed, and that are not there.
    private(set) var missing: [UInt32] = []

    /// - Parameters:
    ///   - numbers: of the files that are there, ascending, without those that are empty.
    ///   - headers: those that are whole.
    ///   - last: segments up to this one are known already.
    init(_ numbers: [UInt32], _ headers: [UInt32: SegmentHeader], after last: UInt32 = 0) {
        var current = numbers.last
        let oldest = current.flatMap { headers[$0]?.chain?.oldestNumber } ?? 0
        while let number = current, number > last {
            members.insert(number, at: 0)
            let chain = headers[number]?.chain
            if let chain, chain.previousNumber > 0 { ends[chain.previousNumber] = chain.previousEnd }
            let named = chain.map(\.previousNumber)
            if let named, named == 0 { return }
            if let named, named > last, !numbers.contains(named), named >= oldest { missing.append(named) }
            current = numbers.last { $0 < number && $0 <= named ?? .max && ($0 >= oldest || $0 == named || named == nil) }
        }
    }
}
