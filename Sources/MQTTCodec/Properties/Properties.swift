/// The properties of a packet or a will, in order (MQTT 5.0 section 2.2.2). Version 3.1.1 has none.
package struct Properties: Hashable, Sendable {
    /// One property. The value has the encoding of the identifier.
    package struct Element: Hashable, Sendable {
        package let identifier: PropertyIdentifier
        package let value: PropertyValue
    }

    package private(set) var elements: [Element] = []

    package init() {}

    package static let none = Properties()
    package var isEmpty: Bool { elements.isEmpty }

    /// The first value of a property.
    package func first(_ identifier: PropertyIdentifier) -> PropertyValue? {
        elements.first { $0.identifier == identifier }?.value
    }

    /// Adds a property at the end.
    /// - Precondition: the value has the identifier's encoding; only this module's accessors call it.
    mutating func append(_ identifier: PropertyIdentifier, _ value: PropertyValue) {
        assert(identifier.encoding == value.encoding)
        elements.append(Element(identifier: identifier, value: value))
    }

    /// Puts one value in place of all that the property had, or removes it.
    mutating func set(_ identifier: PropertyIdentifier, _ value: PropertyValue?) {
        let place = elements.firstIndex { $0.identifier == identifier } ?? elements.endIndex
        elements.removeAll { $0.identifier == identifier }
        if let value { elements.insert(Element(identifier: identifier, value: value), at: place) }
    }

    package mutating func remove(_ identifier: PropertyIdentifier) { set(identifier, nil) }
}
