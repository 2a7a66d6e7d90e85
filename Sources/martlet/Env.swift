import ArgumentParser
import MartletServer

struct Env: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print shell lines that point AWS tools at the server: eval \"$(martlet env)\".")

    @OptionGroup var place: ServerPlace

    func run() throws {
        Console.answer(ClientEnvironment.lines(try place.find()))
    }
}
