package import MartletBase

/// What an update does to one section, `desired` or `reported`.
package enum ShadowSectionChange: Hashable, Sendable {
    case keep
    /// The section was null.
    case remove
    case merge(JSONObject)
}
