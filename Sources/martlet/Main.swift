import ArgumentParser
import MartletServer

/// Runs one command and ends with an exit code that scripts may rely on: 0 done, 1 failed at run time, 2 wrong usage
/// or configuration, 3 data directory unusable.
@main
enum Main {
    private static let usageExitCode: Int32 = 2

    static func main() async {
        do {
            var command = try Martlet.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as ServerFailure {
            Console.tell("martlet: \(failure.sentence)\n")
            Martlet.exit(withError: ExitCode(failure.exitCode))
        } catch let code as ExitCode {
            Martlet.exit(withError: code)
        } catch {
            end(error)
        }
    }

    /// Help goes to standard output and is no failure; all else that the parser refuses is wrong usage.
    private static func end(_ error: any Error) -> Never {
        let text = Martlet.fullMessage(for: error)
        if Martlet.exitCode(for: error) == .success {
            Console.answer(text + "\n")
            Martlet.exit()
        }
        Console.tell(text + "\n")
        Martlet.exit(withError: ExitCode(usageExitCode))
    }
}
