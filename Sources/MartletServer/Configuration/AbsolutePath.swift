import Glibc

package enum AbsolutePath {
    /// The path from the root, links followed, so that a program in another directory can use it. A path that does
    /// not exist is given back as it is.
    package static func of(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
