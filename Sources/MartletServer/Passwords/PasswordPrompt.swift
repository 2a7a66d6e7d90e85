import Glibc
package import MartletBase

/// Where `martlet passwd` gets a password from. Never from the command line, which other users of the machine can read.
package enum PasswordPrompt {
    /// Asks twice on the terminal, and shows nothing of what is typed.
    package static func ask(for name: String) throws(ServerFailure) -> Secret {
        guard isatty(STDIN_FILENO) == 1 else {
            throw .usage("standard input is no terminal; give the password on it with --stdin")
        }
        let first = try withoutEcho("Password for \(name): ")
        guard try withoutEcho("Once more: ").bytes == first.bytes else { throw .usage("the two passwords differ") }
        return first
    }

    /// The first line of standard input, without its end.
    package static func standardInput() throws(ServerFailure) -> Secret {
        guard let secret = line() else { throw .usage("standard input has no line") }
        return secret
    }

    private static func withoutEcho(_ question: String) throws(ServerFailure) -> Secret {
        Console.tell(question)
        var old = termios()
        guard tcgetattr(STDIN_FILENO, &old) == 0 else { throw .runtime("the terminal cannot be asked to hide a password") }
        var hidden = old
        hidden.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &old)
            Console.tell("\n")
        }
        return try standardInput()
    }

    /// The bytes as they come: a password need not be text. nil when the input has ended before it began.
    private static func line() -> Secret? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        var hasEnded = false
        while bytes.count < longestLine {
            let count = read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR { continue }
            hasEnded = count <= 0
            if hasEnded || byte == UInt8(ascii: "\n") { break }
            bytes.append(byte)
        }
        guard !(hasEnded && bytes.isEmpty) else { return nil }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        return Secret(bytes)
    }

    /// More is no password: MQTT's own are at most this long.
    private static let longestLine = 65_535
}
