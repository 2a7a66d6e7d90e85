package import Logging
package import MartletBase

/// Writes one JSON object a line: `time` (ISO 8601, UTC), `level`, `label`, `message`, then the metadata, flattened
/// with dots. For programs that read logs; people get `TerminalLogHandler`.
package struct JSONLinesLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let output: LogOutput
    private let clock: any WallClock

    package init(label: String, level: Logger.Level, output: LogOutput, clock: any WallClock) {
        self.label = label
        self.logLevel = level
        self.output = output
        self.clock = clock
    }

    package subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var line = JSONObject([
            ("time", .string(clock.now().iso8601)),
            ("level", .string(event.level.rawValue)),
            ("label", .string(label)),
            ("message", .string(event.message.description)),
        ])
        for (name, value) in LogFields(logger: metadata, provider: metadataProvider, event: event).fields {
            line[Self.ownNames.contains(name) ? "metadata." + name : name] = value
        }
        output.write(line: JSONWriter.bytes(.object(line)) + [UInt8(ascii: "\n")])
    }

    private static let ownNames: Set<String> = ["time", "level", "label", "message"]
}
