/// Why the process ends without having done what it was asked, in one sentence for the person who asked.
package struct ServerFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// 1 failed at run time, 2 wrong usage or configuration, 3 data directory unusable.
    package let exitCode: Int32
    /// One sentence without a full stop at its end, naming what to change where that is known.
    package let sentence: String

    package init(exitCode: Int32, sentence: String) {
        self.exitCode = exitCode
        self.sentence = sentence
    }

    package static func runtime(_ sentence: String) -> ServerFailure { ServerFailure(exitCode: 1, sentence: sentence) }
    package static func usage(_ sentence: String) -> ServerFailure { ServerFailure(exitCode: 2, sentence: sentence) }
    package static func dataDirectory(_ sentence: String) -> ServerFailure {
        ServerFailure(exitCode: 3, sentence: sentence)
    }

    package var description: String { sentence }
}
