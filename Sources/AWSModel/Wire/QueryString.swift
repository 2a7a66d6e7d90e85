import MartletBase

/// The parameters of a query string. `+` stays a plus: SDKs write a space as `%20`.
package struct QueryString {
    private var parameters: [(name: String, value: String)] = []

    /// nil when an escape is malformed.
    package init?(_ rawQuery: String?) {
        for pair in (rawQuery ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(parts[0]),
                let value = parts.count == 1 ? "" : PercentEncoding.decode(parts[1])
            else { return nil }
            parameters.append((name, value))
        }
    }

    /// The first value of that name.
    package subscript(_ name: String) -> String? { parameters.first { $0.name == name }?.value }
}
