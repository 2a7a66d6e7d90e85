import Glibc
package import Logging
package import MartletBase

/// Writes log lines for a person at a terminal: local time, level, message, then `name=value`.
package struct TerminalLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let output: LogOutput
    private let clock: any WallClock
    private let coloured: Bool

    package init(level: Logger.Level, output: LogOutput, clock: any WallClock, coloured: Bool) {
        self.logLevel = level
        self.output = output
        self.clock = clock
        self.coloured = coloured
    }

    package subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let now = clock.now()
        let fields = LogFields(logger: metadata, provider: metadataProvider, event: event).fields
        var line = paint(Self.time(now, utcOffsetSeconds: Self.utcOffsetSeconds(at: now)), "2")
        line += " " + paint(Self.padded(event.level.rawValue), Self.colour(event.level))
        line += " " + Self.printable(event.message.description)
        for (name, value) in fields { line += " " + paint(name + "=", "2") + Self.field(value) }
        output.write(line: Array((line + "\n").utf8))
    }

    private func paint(_ text: String, _ code: String?) -> String {
        guard coloured, let code else { return text }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }

    private static func colour(_ level: Logger.Level) -> String? {
        switch level {
        case .trace, .debug: "2"
        case .info, .notice: nil
        case .warning: "33"
        case .error, .critical: "31"
        }
    }

    private static func padded(_ text: String) -> String {
        text + String(repeating: " ", count: max(0, 8 - text.count))
    }

    /// `10:15:00.123`
    package static func time(_ instant: WallInstant, utcOffsetSeconds: Int) -> String {
        String(instant.advanced(bySeconds: Int64(utcOffsetSeconds)).iso8601.dropFirst(11).dropLast())
    }

    private static func utcOffsetSeconds(at instant: WallInstant) -> Int {
        var seconds = time_t(instant.millisecondsSinceEpoch / 1000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        return parts.tm_gmtoff
    }

    private static func field(_ value: JSONValue) -> String {
        guard case .string(let text) = value else { return printable(JSONWriter.text(value)) }
        let bare = printable(text)
        return bare.isEmpty || bare != text || bare.contains(where: { " \"=".contains($0) })
            ? JSONWriter.text(.string(bare)) : bare
    }

    /// Clients choose client ids and topics, so what steers a terminal is shown as `\u{1B}` and never sent to it.
    package static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return text.unicodeScalars.map { scalar in
            isControl(scalar) ? "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}" : String(scalar)
        }.joined()
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
