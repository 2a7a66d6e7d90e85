/// Text that a POSIX shell reads back unchanged.
package enum ShellText {
    private static let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,")

    /// As it is where that is safe, else in single quotes.
    package static func quoted(_ text: String) -> String {
        if !text.isEmpty && text.allSatisfy(plain.contains) { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
