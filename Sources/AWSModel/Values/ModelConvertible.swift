package import MartletBase

/// A Swift type that a modelled value can become. Blobs are not among them: they are `[UInt8]`, which is read with
/// `ModelObject.blob`.
package protocol ModelConvertible: Sendable {
    init?(modelValue: ModelValue)
    var modelValue: ModelValue { get }
    /// What a required member reads as when it is absent.
    static var absent: Self { get }
}

extension String: ModelConvertible {
    package init?(modelValue: ModelValue) {
        guard case .string(let value) = modelValue else { return nil }
        self = value
    }
    package var modelValue: ModelValue { .string(self) }
    package static var absent: String { "" }
}

extension Bool: ModelConvertible {
    package init?(modelValue: ModelValue) {
        guard case .boolean(let value) = modelValue else { return nil }
        self = value
    }
    package var modelValue: ModelValue { .boolean(self) }
    package static var absent: Bool { false }
}

extension Int: ModelConvertible {
    package init?(modelValue: ModelValue) {
        guard case .integer(let value) = modelValue else { return nil }
        self = value
    }
    package var modelValue: ModelValue { .integer(self) }
    package static var absent: Int { 0 }
}

extension Double: ModelConvertible {
    package init?(modelValue: ModelValue) {
        guard case .double(let value) = modelValue else { return nil }
        self = value
    }
    package var modelValue: ModelValue { .double(self) }
    package static var absent: Double { 0 }
}

extension WallInstant: ModelConvertible {
    package init?(modelValue: ModelValue) {
        guard case .timestamp(let value) = modelValue else { return nil }
        self = value
    }
    package var modelValue: ModelValue { .timestamp(self) }
    package static var absent: WallInstant { WallInstant(millisecondsSinceEpoch: 0) }
}

extension Array: ModelConvertible where Element: ModelConvertible {
    package init?(modelValue: ModelValue) {
        guard case .list(let values) = modelValue else { return nil }
        self = values.compactMap(Element.init(modelValue:))
    }
    package var modelValue: ModelValue { .list(map(\.modelValue)) }
    package static var absent: [Element] { [] }
}

extension Dictionary: ModelConvertible where Key == String, Value: ModelConvertible {
    package init?(modelValue: ModelValue) {
        guard case .map(let values) = modelValue else { return nil }
        self = values.compactMapValues(Value.init(modelValue:))
    }
    package var modelValue: ModelValue { .map(mapValues(\.modelValue)) }
    package static var absent: [String: Value] { [:] }
}
