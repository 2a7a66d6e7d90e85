package import MartletBase

/// Why a password file cannot be used or changed: the file, the line, and what is wrong there.
package struct PasswordFileError: Error, Hashable, Sendable, Reason {
    package let file: String
    /// Counted from 1; nil when the file as a whole is at fault.
    package let line: Int?
    package let problem: String

    package init(file: String, line: Int? = nil, problem: String) {
        self.file = file
        self.line = line
        self.problem = problem
    }

    package var code: String { "passwordFileUnusable" }
    package var evidence: [Evidence] {
        [Evidence("file", file)] + (line.map { [Evidence("line", $0)] } ?? []) + [Evidence("problem", problem)]
    }
    package var description: String { "\(file)\(line.map { ", line \($0)" } ?? ""): \(problem)" }
}
