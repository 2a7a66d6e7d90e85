/// The answer to one health question: each check with its state, in the order in which they were added.
package struct HealthReport: Hashable, Sendable {
    package struct Check: Hashable, Sendable {
        package let name: String
        /// Why it does not pass; nil when it does.
        package let failure: String?
        /// What a person should know of it all the same.
        package let note: String?
    }

    package let checks: [Check]

    package var passes: Bool { checks.allSatisfy { $0.failure == nil } }

    /// 200 when every check passes, else 503.
    package var httpStatus: Int { passes ? 200 : 503 }

    /// Plain text, a line a check, after a line that sums up.
    package var body: String {
        let lines = checks.map { check in
            check.failure.map { "not ok: \(check.name): \($0)" } ?? "ok: \(check.name)" + (check.note.map { " (\($0))" } ?? "")
        }
        return ([passes ? "ok" : "not ok"] + lines).joined(separator: "\n") + "\n"
    }
}
