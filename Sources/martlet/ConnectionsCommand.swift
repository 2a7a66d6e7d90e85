import ArgumentParser
import MartletServer

struct ConnectionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connections", abstract: "List who is connected to the server now.")

    @Option(help: "Only client ids that begin with this.")
    var prefix = ""

    @OptionGroup var place: ServerPlace

    func run() async throws {
        let location = try place.find()
        try await ConnectionsScreen(api: try APIClient(url: location.api), prefix: prefix) { Console.answer($0) }.run()
    }
}
