import ArgumentParser
import MartletServer

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the version.")

    func run() { Console.answer("martlet \(MartletVersion.text)\n") }
}
