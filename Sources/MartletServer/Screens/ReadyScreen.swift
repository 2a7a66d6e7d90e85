/// What a person at a terminal sees when the server is ready. At most 80 columns, unless a path is longer.
package enum ReadyScreen {
    /// `program` is how this process was called, so that the lines to paste work from the same place.
    package static func render(_ report: ReadyReport, _ configuration: ServerConfiguration, program: String) -> String {
        let sections = [
            [
                "martlet \(report.version) is ready: profile \(report.profile), account \(report.account), "
                    + report.region
            ],
            endpoints(report, configuration.durability),
            opens(configuration),
            ["From another terminal:"] + pasted(configuration, program).map { "  " + $0 },
        ]
        let lines = sections.map { $0.map { "  " + $0 }.joined(separator: "\n") }
        return "\n" + lines.joined(separator: "\n\n") + "\n\n"
    }

    private static func endpoints(_ report: ReadyReport, _ durability: ServerConfiguration.Durability) -> [String] {
        let endpoints = report.endpoints
        let rows: [(String, String?)] = [
            ("AWS API, /metrics", endpoints.api),
            ("MQTT, no TLS", endpoints.mqtt),
            ("MQTT, mutual TLS", endpoints.mqtts),
            ("AWS's port 443", endpoints.https),
            ("WebSocket, TLS", endpoints.wss),
            ("WebSocket, no TLS", endpoints.ws),
            ("Console", endpoints.console),
            ("CA file", report.caFile),
            ("Data", report.dataDirectory),
            ("Durability", durability.promise),
        ]
        return rows.compactMap { title, value in
            value.map { title + String(repeating: " ", count: max(1, 20 - title.count)) + $0 }
        }
    }

    private static func opens(_ configuration: ServerConfiguration) -> [String] {
        let reach = configuration.bindAddress == ConfigurationRules.safeDevAddress ? "on this machine" : "in reach"
        switch configuration.profile {
        case .dev:
            var lines = ["Profile dev leaves open, to anyone \(reach):", "  - the AWS API, with any credentials"]
            if configuration.anonymous == .allow {
                if configuration.ports.mqtt != nil { lines.append("  - MQTT without TLS and without identity") }
                lines.append("  - MQTT on AWS's port, without identity")
            }
            return lines
        case .production:
            var lines = [
                "Profile production: every client must show a certificate or a password.",
                "  - the AWS API refuses every call until signatures are verified;",
                "    fill the registry in profile dev on the same data directory",
            ]
            if configuration.ports.mqtt != nil {
                lines.append("  - MQTT without TLS is open (mqtt.plain.enabled):")
                lines.append("    passwords and messages travel in the clear")
            }
            return lines
        }
    }

    private static func pasted(_ configuration: ServerConfiguration, _ program: String) -> [String] {
        let isDefault = configuration.dataDirectory == ConfigurationKeys.defaultDataDirectory
        let place = isDefault ? "" : " --data-dir " + ShellText.quoted(configuration.dataDirectory)
        let command = ShellText.quoted(program)
        return [
            "eval \"$(\(command) env\(place))\"",
            "aws iot list-things",
            "\(command) quickstart my-device\(place)",
        ]
    }
}

extension ServerConfiguration.Durability {
    /// What an acknowledgement promises.
    var promise: String {
        switch self {
        case .full: "full: what is acknowledged is on disk"
        case .relaxed(let milliseconds): "relaxed: a loss of power may cost the last \(milliseconds) ms"
        }
    }
}
