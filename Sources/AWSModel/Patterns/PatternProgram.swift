/// A pattern as a nondeterministic automaton, run on all its states at once: the time is at most the length of the text
/// times the length of the program, whatever the text is. There is nothing to backtrack.
struct PatternProgram: Sendable {
    enum Instruction: Sendable {
        case set(ScalarSet)
        case start
        case end
        case jump(Int)
        case split(Int, Int)
        case accept
    }

    /// Counted repetitions are written out, so a program is bounded.
    static let instructionLimit = 4096

    private(set) var instructions: [Instruction] = []

    /// nil when the program would be longer than the limit.
    init?(_ node: PatternNode) {
        guard add(node), append(.accept) != nil else { return nil }
    }

    private mutating func append(_ instruction: Instruction) -> Int? {
        guard instructions.count < Self.instructionLimit else { return nil }
        instructions.append(instruction)
        return instructions.count - 1
    }

    private mutating func add(_ node: PatternNode) -> Bool {
        switch node {
        case .set(let set): return append(.set(set)) != nil
        case .start: return append(.start) != nil
        case .end: return append(.end) != nil
        case .sequence(let nodes): return nodes.allSatisfy { add($0) }
        case .alternatives(let branches): return add(alternatives: branches[...])
        case .repeated(let node, let minimum, let maximum):
            for _ in 0..<minimum where !add(node) { return false }
            guard let maximum else { return add(anyNumberOf: node) }
            return add(upTo: maximum - minimum, of: node)
        }
    }

    private mutating func add(alternatives branches: ArraySlice<PatternNode>) -> Bool {
        guard let first = branches.first else { return true }
        if branches.count == 1 { return add(first) }
        guard let split = append(.jump(0)), add(first), let jump = append(.jump(0)) else { return false }
        instructions[split] = .split(split + 1, instructions.count)
        guard add(alternatives: branches.dropFirst()) else { return false }
        instructions[jump] = .jump(instructions.count)
        return true
    }

    private mutating func add(anyNumberOf node: PatternNode) -> Bool {
        guard let split = append(.jump(0)), add(node), append(.jump(split)) != nil else { return false }
        instructions[split] = .split(split + 1, instructions.count)
        return true
    }

    private mutating func add(upTo count: Int, of node: PatternNode) -> Bool {
        var splits: [Int] = []
        for _ in 0..<count {
            guard let split = append(.jump(0)), add(node) else { return false }
            splits.append(split)
        }
        for split in splits { instructions[split] = .split(split + 1, instructions.count) }
        return true
    }

    /// Whether the whole text matches.
    func matches(_ text: String.UnicodeScalarView) -> Bool {
        var states = StateList(instructions.count)
        var following = StateList(instructions.count)
        var position = text.startIndex
        follow(0, into: &states, isStart: true, isEnd: position == text.endIndex)
        while position != text.endIndex, !states.list.isEmpty {
            let scalar = text[position]
            text.formIndex(after: &position)
            let isEnd = position == text.endIndex
            for state in states.list {
                if case .set(let set) = instructions[state], set.contains(scalar) {
                    follow(state + 1, into: &following, isStart: false, isEnd: isEnd)
                }
            }
            swap(&states, &following)
            following.clear()
        }
        return position == text.endIndex
            && states.list.contains { if case .accept = instructions[$0] { true } else { false } }
    }

    /// Adds a state and all that can be reached from it without reading.
    private func follow(_ state: Int, into states: inout StateList, isStart: Bool, isEnd: Bool) {
        var pending = [state]
        while let state = pending.popLast() {
            guard states.insert(state) else { continue }
            switch instructions[state] {
            case .jump(let target): pending.append(target)
            case .split(let one, let other):
                pending.append(other)
                pending.append(one)
            case .start: if isStart { pending.append(state + 1) }
            case .end: if isEnd { pending.append(state + 1) }
            case .set, .accept: break
            }
        }
    }

    private struct StateList {
        private(set) var list: [Int] = []
        private var isMember: [Bool]

        init(_ count: Int) { isMember = Array(repeating: false, count: count) }

        mutating func insert(_ state: Int) -> Bool {
            guard !isMember[state] else { return false }
            isMember[state] = true
            list.append(state)
            return true
        }

        mutating func clear() {
            for state in list { isMember[state] = false }
            list.removeAll(keepingCapacity: true)
        }
    }
}
