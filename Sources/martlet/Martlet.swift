import ArgumentParser
import MartletServer

struct Martlet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet",
        abstract: "Your own AWS IoT Core in one binary.",
        version: MartletVersion.text,
        subcommands: [
            Serve.self, Env.self, Config.self, QuickstartCommand.self, ConnectionsCommand.self, Passwd.self, StoreCommand.self,
            CoverageCommand.self, Version.self,
        ])
}
