import ArgumentParser
import MartletServer

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the server.",
        discussion: """
            Every key of `martlet config print --defaults` is also a flag here and a
            MARTLET_ variable. The usual ones:

              --data-dir DIR       what must last is kept here (./martlet-data)
              --profile NAME       dev or production (dev)
              --account 12DIGITS   the AWS account (000000000000)
              --region REGION      the AWS region (us-east-1)
              --bind ADDRESS       the address to listen on (127.0.0.1)
              --api-port N         AWS API over HTTP (8800)
              --mqtt-port N        MQTT without TLS (1883)
              --mqtts-port N       MQTT over mutual TLS (8883)
              --https-port N       AWS's port 443 (8443)
              --config FILE        a YAML file with any of the keys

            Every port takes 0 for a free one. When the server is ready it prints a screen,
            or one line of JSON when standard output is no terminal. It stops on SIGTERM
            and SIGINT.
            """)

    @Argument(parsing: .allUnrecognized, help: "Configuration flags.")
    var settings: [String] = []

    func run() async throws {
        try await Serving.run(arguments: settings)
    }
}
