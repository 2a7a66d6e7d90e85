/// Where a value came from, in the words of a message.
package enum ConfigurationSource: Hashable, Sendable, CustomStringConvertible {
    case flag(String)
    case variable(String)
    case file(String)
    case defaultValue

    package var description: String {
        switch self {
        case .flag(let name): "flag \(name)"
        case .variable(let name): "variable \(name)"
        case .file(let path): "file \(path)"
        case .defaultValue: "default"
        }
    }
}
