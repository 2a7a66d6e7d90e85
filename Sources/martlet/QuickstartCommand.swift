import ArgumentParser
import MartletServer

struct QuickstartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quickstart",
        abstract: "Make a device with its certificate, policy and folder, and run it once.")

    @Argument(help: "The thing's name, which is also the folder's.")
    var name: String

    @OptionGroup var place: ServerPlace

    func run() async throws {
        let location = try place.find()
        let quickstart = try Quickstart(
            name: name, location: location, api: try APIClient(url: location.api), device: DeviceRoundTrip()
        ) { Console.answer($0 + "\n") }
        try await quickstart.run()
    }
}
