import ArgumentParser
import MartletServer

/// How the commands beside `serve` find the server.
struct ServerPlace: ParsableArguments {
    @Option(help: "The server's data directory. Else MARTLET_ variables, else ./martlet-data, else the default ports.")
    var dataDir: String?

    func find() throws(ServerFailure) -> ServerLocation {
        try ServerLocation.find(.process(arguments: dataDir.map { ["--data-dir=" + $0] } ?? []))
    }
}
