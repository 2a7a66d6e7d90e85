/// The password file: a line for each user, `NAME HASH POLICY [POLICY...]`; blank lines and lines that begin with `#`
/// are for people and survive every change.
package struct PasswordFile: Hashable, Sendable {
    private enum Line: Hashable {
        case remark(String)
        case user(PasswordUser)
    }

    private var lines: [Line] = []

    /// A hundred thousand users fit.
    package static let bytesMax = 16 << 20

    package init() {}

    package var users: [PasswordUser] {
        lines.compactMap { if case .user(let user) = $0 { user } else { nil } }
    }

    /// - Parameter file: what errors call the text.
    package init(_ text: String, file: String) throws(PasswordFileError) {
        var known: Set<String> = []
        var rest = text.split(separator: "\n", omittingEmptySubsequences: false)
        if rest.last?.isEmpty == true { rest.removeLast() }
        for (index, line) in rest.enumerated() {
            let line = line.last == "\r" ? line.dropLast() : line
            let first = line.first { $0 != " " && $0 != "\t" }
            guard let first, first != "#" else {
                lines.append(.remark(String(line)))
                continue
            }
            do throws(PasswordUser.Invalid) {
                let user = try PasswordUser(line: line)
                guard known.insert(user.name).inserted else {
                    throw PasswordUser.Invalid(problem: "the user \(user.name) stands in the file twice")
                }
                lines.append(.user(user))
            } catch {
                throw PasswordFileError(file: file, line: index + 1, problem: error.problem)
            }
        }
    }

    package var text: String {
        lines.map { line in
            switch line {
            case .remark(let text): text + "\n"
            case .user(let user): user.line + "\n"
            }
        }.joined()
    }

    /// Puts a user in the place of the one of the same name, or at the end.
    package mutating func set(_ user: PasswordUser) {
        if let index = index(of: user.name) { lines[index] = .user(user) } else { lines.append(.user(user)) }
    }

    /// - Returns: false when there is no such user.
    package mutating func remove(_ name: String) -> Bool {
        guard let index = index(of: name) else { return false }
        lines.remove(at: index)
        return true
    }

    private func index(of name: String) -> Int? {
        lines.firstIndex { if case .user(let user) = $0 { user.name == name } else { false } }
    }
}

// MARK: On disk

extension PasswordFile {
    /// - Returns: nil when there is no such file.
    package static func read(_ path: String) throws(PasswordFileError) -> PasswordFile? {
        let text: String?
        do throws(PKIError) {
            text = try PKIFiles.read(path, maximumBytes: bytesMax)
        } catch {
            throw PasswordFileError(file: path, problem: error.problem)
        }
        guard let text else { return nil }
        return try PasswordFile(text, file: path)
    }

    /// Writes the file for its owner alone, in one step: a reader sees the old file or the new one.
    package func write(to path: String) throws(PasswordFileError) {
        let text = text
        guard text.utf8.count <= Self.bytesMax else {
            throw PasswordFileError(file: path, problem: "it would be larger than \(Self.bytesMax) bytes")
        }
        do throws(PKIError) {
            try PKIFiles.replace(path, text, mode: 0o600)
        } catch {
            throw PasswordFileError(file: path, problem: error.problem)
        }
    }
}

extension PKIError {
    fileprivate var problem: String {
        switch self {
        case .fileUnreadable(_, let problem), .fileUnwritable(_, let problem): problem
        default: description
        }
    }
}
