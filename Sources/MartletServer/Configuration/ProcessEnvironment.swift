import Glibc

package enum ProcessEnvironment {
    /// All variables of this process.
    package static func variables() -> [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee.map({ String(cString: $0) }) {
            if let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            entry += 1
        }
        return result
    }
}
