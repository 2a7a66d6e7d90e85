import Glibc
package import MartletBase
import MartletPKI

/// What `martlet passwd` does to a password file. A running server takes the change up by itself.
package struct PasswordEditor {
    package let path: String

    /// - Parameters:
    ///   - file: the password file itself; else the one of `dataDir`, else the one that the variables configure.
    package init(file: String?, dataDir: String?) throws(ServerFailure) {
        guard file == nil || dataDir == nil else { throw .usage("--file and --data-dir go not together") }
        if let file {
            path = file
            return
        }
        let values = try ResolvedConfiguration(.process(arguments: dataDir.map { ["--data-dir=" + $0] } ?? []))
        if dataDir == nil, let named = values.value("passwords.file").text {
            path = named
            return
        }
        let directory = values.text("dataDir")
        guard access(directory + "/FORMAT", F_OK) == 0 else {
            throw .dataDirectory("\(directory) is no data directory yet; start the server on it once, or name a --file")
        }
        path = directory + "/passwords"
    }

    /// Adds the user, or gives the one there is another password and other policies.
    package func set(_ name: String, policies: [String], password: Secret) throws(ServerFailure) {
        try Self.check(name, policies)
        guard let hash = PasswordHash(of: password, random: SystemRandomSource()) else {
            throw .usage("a password has 1 to \(PasswordHash.passwordBytesMax) bytes")
        }
        try change { file throws(ServerFailure) in
            do throws(PasswordUser.Invalid) {
                file.set(try PasswordUser(name: name, hash: hash, policies: policies))
            } catch {
                throw .usage(error.problem)
            }
        }
    }

    /// What can be wrong before anybody has typed a password.
    package static func check(_ name: String, _ policies: [String]) throws(ServerFailure) {
        if let problem = PasswordUser.problem(withName: name) ?? PasswordUser.problem(withPolicies: policies) {
            throw .usage(problem)
        }
    }

    package func remove(_ name: String) throws(ServerFailure) {
        try change { file throws(ServerFailure) in
            guard file.remove(name) else { throw .runtime("\(path) has no user \(ShellText.quoted(name))") }
        }
    }

    /// A line for each user: the name and the policies.
    package func list() throws(ServerFailure) -> String {
        guard let file = try read() else { throw .runtime("there is no \(path)") }
        return file.users.map { "\($0.name)  \($0.policies.joined(separator: " "))\n" }.joined()
    }

    /// Two commands at once wait for each other, so that neither loses the other's change.
    private func change(_ body: (inout PasswordFile) throws(ServerFailure) -> Void) throws(ServerFailure) {
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard lock >= 0 else { throw .runtime("\(directory) cannot be opened: \(String(cString: strerror(errno)))") }
        defer { close(lock) }
        while flock(lock, LOCK_EX) != 0 && errno == EINTR {}
        var file = try read() ?? PasswordFile()
        try body(&file)
        do throws(PasswordFileError) {
            try file.write(to: path)
        } catch {
            throw .runtime("\(error)")
        }
    }

    private func read() throws(ServerFailure) -> PasswordFile? {
        do throws(PasswordFileError) {
            return try PasswordFile.read(path)
        } catch {
            throw .usage("the password file cannot be used: \(error)")
        }
    }
}
