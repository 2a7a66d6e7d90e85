internal import MartletBase

extension JSONValue {
    /// Whether objects and arrays stand in one another more than `levels` deep; this value is level 1.
    func nests(deeperThan levels: Int) -> Bool {
        switch self {
        case .array(let values): levels == 0 || values.contains { $0.nests(deeperThan: levels - 1) }
        case .object(let object): levels == 0 || object.contains { $0.value.nests(deeperThan: levels - 1) }
        default: false
        }
    }

    /// Whether an array, at any depth, has a null somewhere in it. A null elsewhere removes a field and is fine.
    var hasNullInArray: Bool {
        switch self {
        case .array(let values): values.contains(where: \.hasNull)
        case .object(let object): object.contains { $0.value.hasNullInArray }
        default: false
        }
    }

    private var hasNull: Bool {
        switch self {
        case .null: true
        case .array(let values): values.contains(where: \.hasNull)
        case .object(let object): object.contains { $0.value.hasNull }
        default: false
        }
    }
}
