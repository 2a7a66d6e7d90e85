/// How many attributes a thing may have (api-wire.md section 9).
package struct ThingAttributeLimits: Hashable, Sendable {
    package var withoutType: Int
    package var withType: Int

    package init(withoutType: Int = 3, withType: Int = 50) {
        self.withoutType = withoutType
        self.withType = withType
    }
}
