/// The members of a modelled structure by their names in the model. Absent members are not in it; there is no null.
package struct ModelObject: Equatable, Sendable {
    package struct Member: Equatable, Sendable {
        package var name: String
        package var value: ModelValue
    }

    // An array, not a dictionary: structures are short, and most are read once from front to back.
    package private(set) var members: [Member] = []

    package init() {}

    package init(capacity: Int) { members.reserveCapacity(capacity) }

    package subscript(_ name: String) -> ModelValue? {
        get { members.first { $0.name == name }?.value }
        set {
            if let position = members.firstIndex(where: { $0.name == name }) {
                if let newValue { members[position].value = newValue } else { members.remove(at: position) }
            } else if let newValue {
                members.append(Member(name: name, value: newValue))
            }
        }
    }

    /// Two structures are equal when they have the same members, in whatever order.
    package static func == (one: ModelObject, other: ModelObject) -> Bool {
        one.members.count == other.members.count && one.members.allSatisfy { other[$0.name] == $0.value }
    }
}

/// What generated structures read and write their members with. Not inlined and not specialised for each of some 800
/// structures: nowhere hot, and measured to cost a quarter of the release build and a tenth of this module's code.
extension ModelObject {
    @inline(never) @_semantics("optimize.sil.specialize.generic.never")
    package func optional<Value: ModelConvertible>(_ name: String) -> Value? {
        self[name].flatMap(Value.init(modelValue:))
    }

    /// A required member. `RequestDecoder` has refused a request without it; in an object from elsewhere an absent
    /// member reads as empty.
    @inline(never) @_semantics("optimize.sil.specialize.generic.never")
    package func required<Value: ModelConvertible>(_ name: String) -> Value { optional(name) ?? Value.absent }

    @inline(never)
    package func blob(_ name: String) -> [UInt8]? { if case .blob(let bytes) = self[name] { bytes } else { nil } }

    @inline(never)
    package func requiredBlob(_ name: String) -> [UInt8] { blob(name) ?? [] }

    @inline(never) @_semantics("optimize.sil.specialize.generic.never")
    package mutating func set<Value: ModelConvertible>(_ name: String, _ value: Value?) {
        self[name] = value.map(\.modelValue)
    }

    @inline(never)
    package mutating func setBlob(_ name: String, _ bytes: [UInt8]?) { self[name] = bytes.map(ModelValue.blob) }
}
