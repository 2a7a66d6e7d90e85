/// The protocol level of a connection, as its CONNECT says it.
enum Version: UInt8 {
    case v3_1_1 = 4
    case v5 = 5
}
