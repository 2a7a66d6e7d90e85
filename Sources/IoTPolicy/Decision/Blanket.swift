/// What the policies of a caller say about every resource of one action.
public enum Blanket: Hashable, Sendable {
    case allowsEverything
    case deniesEverything
    /// It depends on the resource, the time or the request.
    case depends
}
