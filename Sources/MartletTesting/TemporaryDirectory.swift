import Glibc

package struct TemporaryDirectoryError: Error, CustomStringConvertible {
    package let description: String
}

/// Makes a directory for the time of the closure and removes it with everything in it, also when the closure throws.
package func withTemporaryDirectory<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: (_ path: String) async throws -> Result
) async throws -> Result {
    let path = try makeTemporaryDirectory()
    defer { removeTree(path) }
    return try await body(path)
}

/// As above, for code that does not wait.
package func withTemporaryDirectory<Result>(_ body: (_ path: String) throws -> Result) throws -> Result {
    let path = try makeTemporaryDirectory()
    defer { removeTree(path) }
    return try body(path)
}

private func makeTemporaryDirectory() throws(TemporaryDirectoryError) -> String {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array((parent + "/martlet-test-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else {
        throw TemporaryDirectoryError(description: "no temporary directory in \(parent): error \(errno)")
    }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Removes leaves first and follows no symbolic link.
private func removeTree(_ path: String) {
    for name in entries(of: path) { removeTree(path + "/" + name) }
    remove(path)
}

/// The names in a directory; none when the path is a file or a symbolic link.
private func entries(of path: String) -> [String] {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0, let directory = fdopendir(descriptor) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}
