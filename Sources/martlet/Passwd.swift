import ArgumentParser
import MartletServer

/// The users of the password file.
struct Passwd: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Set, remove and list the users who connect with a password.",
        discussion: "A running server takes a change up within seconds.", subcommands: [Set.self, Remove.self, List.self])

    struct Place: ParsableArguments {
        @Option(help: "The password file. Else `passwords` in the data directory, or what MARTLET_PASSWORDS_FILE says.")
        var file: String?

        @Option(help: "The server's data directory.")
        var dataDir: String?

        func editor() throws(ServerFailure) -> PasswordEditor {
            try PasswordEditor(file: file, dataDir: dataDir)
        }
    }

    struct Set: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a user, or change one's password and policies. Asks for the password.")

        @Argument(help: "The user's name.")
        var name: String

        @Option(name: .customLong("policy"), help: "An IoT policy of the account; may be given several times.")
        var policies: [String] = []

        @Flag(help: "Read the password from the first line of standard input.")
        var stdin = false

        @OptionGroup var place: Place

        func run() throws {
            let editor = try place.editor()
            try PasswordEditor.check(name, policies)
            let password = try stdin ? PasswordPrompt.standardInput() : PasswordPrompt.ask(for: name)
            try editor.set(name, policies: policies, password: password)
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a user. Its live connections are closed.")

        @Argument(help: "The user's name.")
        var name: String

        @OptionGroup var place: Place

        func run() throws { try place.editor().remove(name) }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print each user with its policies.")

        @OptionGroup var place: Place

        func run() throws { Console.answer(try place.editor().list()) }
    }
}
