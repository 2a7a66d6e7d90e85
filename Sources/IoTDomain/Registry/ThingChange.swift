/// What UpdateThing asks for.
package struct ThingChange: Hashable, Sendable {
    /// nil leaves the attributes alone; an empty map without `merge` clears them.
    package var attributes: [String: String]?
    /// true adds to the present attributes, false replaces them. An empty value removes the attribute.
    package var merge: Bool
    package var typeName: String?
    package var removeType: Bool
    /// nil means no check.
    package var expectedVersion: Int?

    package init(
        attributes: [String: String]? = nil, merge: Bool = false, typeName: String? = nil, removeType: Bool = false,
        expectedVersion: Int? = nil
    ) {
        self.attributes = attributes
        self.merge = merge
        self.typeName = typeName
        self.removeType = removeType
        self.expectedVersion = expectedVersion
    }
}
