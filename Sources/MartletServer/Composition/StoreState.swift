import MartletStore
import Synchronization

/// What the message store last said of itself, for `/metrics`.
final class StoreState: Sendable {
    static let names = ["working", "full", "stalled"]
    private let condition = Mutex(StoreCondition.working)

    func set(_ new: StoreCondition) { condition.withLock { $0 = new } }

    var name: String {
        switch condition.withLock({ $0 }) {
        case .working: "working"
        case .full: "full"
        case .stalled: "stalled"
        }
    }
}
