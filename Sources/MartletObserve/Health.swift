import Synchronization

/// What `/livez` and `/readyz` ask: named checks that pass or say why not.
package final class Health: Sendable {
    package enum Scope: Hashable, Sendable {
        /// The process works at all; a supervisor restarts it when this fails.
        case liveness
        /// The server can take traffic now; a load balancer waits while this fails.
        case readiness
    }

    private struct Check {
        let scope: Scope
        let name: String
        var failure: String?
        var note: String?
    }

    private let checks = Mutex<[Check]>([])

    package init() {}

    /// Adds a check, or changes it. It passes when `failure` is nil, else it says why not.
    package func set(_ name: String, _ scope: Scope = .readiness, failure: String?) {
        checks.withLock { checks in
            if let index = checks.firstIndex(where: { $0.name == name && $0.scope == scope }) {
                checks[index].failure = failure
            } else {
                checks.append(Check(scope: scope, name: name, failure: failure))
            }
        }
    }

    /// Says something about a check that stays as it is: what a person should know, and no load balancer.
    package func note(_ name: String, _ note: String) {
        checks.withLock { checks in
            if let index = checks.firstIndex(where: { $0.name == name }) {
                checks[index].note = note
            } else {
                checks.append(Check(scope: .readiness, name: name, failure: nil, note: note))
            }
        }
    }

    /// The state of one scope. What is not alive is not ready either, so readiness lists the liveness checks too.
    package func report(_ scope: Scope) -> HealthReport {
        let relevant = checks.withLock { $0 }.filter { $0.scope == .liveness || $0.scope == scope }
        return HealthReport(checks: relevant.map { HealthReport.Check(name: $0.name, failure: $0.failure, note: $0.note) })
    }
}
