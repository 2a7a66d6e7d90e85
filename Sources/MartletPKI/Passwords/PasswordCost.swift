/// What checking one password costs with scrypt (RFC 7914 section 2): memory is 128 * 2^logN * r bytes, time grows with
/// all three.
package struct PasswordCost: Hashable, Sendable {
    /// The cost parameter N is two to this power.
    package let logN: Int
    /// r.
    package let blockSize: Int
    /// p.
    package let parallelism: Int

    /// 32 MiB and some tens of milliseconds: what new passwords get.
    package static let usual = PasswordCost(logN: 15, blockSize: 8, parallelism: 1)

    /// Above this a line of the file could take the server's memory.
    static let memoryBytesMax = 64 << 20

    private init(logN: Int, blockSize: Int, parallelism: Int) {
        self.logN = logN
        self.blockSize = blockSize
        self.parallelism = parallelism
    }

    /// Nil for a cost so small that it protects nothing, or so large that one CONNECT could stop the server.
    package init?(checkingLogN logN: Int, blockSize: Int, parallelism: Int) {
        guard (10...20).contains(logN), (1...16).contains(blockSize), (1...16).contains(parallelism),
            128 * blockSize << logN <= Self.memoryBytesMax
        else { return nil }
        self.init(logN: logN, blockSize: blockSize, parallelism: parallelism)
    }

    /// Compares costs in time.
    package var work: Int { blockSize * parallelism << logN }
}
