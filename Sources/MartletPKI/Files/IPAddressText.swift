#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// IP addresses as a certificate holds them (4 or 16 bytes) and as people write them.
enum IPAddressText {
    static func bytes(_ text: String) -> [UInt8]? {
        var version4 = [UInt8](repeating: 0, count: 4)
        if inet_pton(AF_INET, text, &version4) == 1 { return version4 }
        var version6 = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET6, text, &version6) == 1 { return version6 }
        return nil
    }

    /// Nil unless there are 4 or 16 bytes.
    static func text(_ bytes: some Collection<UInt8>) -> String? {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        var text = [CChar](repeating: 0, count: 64)
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, Array(bytes), &text, socklen_t(text.count)) != nil else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
