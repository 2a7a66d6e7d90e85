/// Which side sent a packet, where that decides what it may contain.
@frozen public enum Sender: Sendable {
    case client
    case server
}
