/// `martlet config print`: the manual of all keys, or what is in force and why.
package enum ConfigurationManual {
    /// Every key with its default, unit, what it may be, whether a running server takes up a change, and its meaning.
    package static func defaults() -> String {
        let preamble = """
            # Every key that martlet honours, with its default. A key is set by its flag,
            # else by its MARTLET_ variable, else in the YAML file that --config names,
            # where mqtt.port stands as port under mqtt. "none" means no limit.

            """
        return preamble + ConfigurationKeys.all.map(entry).joined()
    }

    private static func entry(_ key: ConfigurationKey) -> String {
        """

        \(key.name)
        \(wrapped(key.meaning))
            default:  \(words(key))
            value:    \(key.kind.expected)
            flag:     \(KeyEncoding.flag(key.name))
            variable: \(KeyEncoding.variable(key.name))
            reloads:  \(key.reloadsLive ? "live" : "no, restart the server")

        """
    }

    /// Indented, and broken between words before column 80.
    private static func wrapped(_ text: String) -> String {
        var lines = [""]
        for word in text.split(separator: " ") {
            let line = lines[lines.count - 1]
            if line.count + word.count >= 75 {
                lines.append(String(word))
            } else {
                lines[lines.count - 1] = line.isEmpty ? String(word) : line + " " + word
            }
        }
        return lines.map { "    " + $0 }.joined(separator: "\n")
    }

    private static func words(_ key: ConfigurationKey) -> String {
        func value(_ text: String) -> String {
            key.unit.isEmpty || text == ConfigurationKey.Kind.none ? text : "\(text) \(key.unit)"
        }
        return switch key.defaultValue {
        case .value(let text): value(text)
        case .byProfile(let dev, let production): "\(value(dev)) (profile production: \(value(production)))"
        case .byMQTTProfile(let oasis, let aws): "\(value(oasis)) (mqtt.profile aws: \(value(aws)))"
        case .byLimits(let generous, let aws): "\(value(generous)) (limits.profile aws: \(value(aws)))"
        case .computed(let words): words
        }
    }

    /// What is in force, a line a key: `mqtt.port: 1883  # default`.
    package static func effective(_ configuration: ResolvedConfiguration) -> String {
        configuration.values.map { value in
            "\(value.key.name): \(value.text ?? computed(value.key))  # \(value.source)\n"
        }.joined()
    }

    private static func computed(_ key: ConfigurationKey) -> String {
        guard case .computed(let words) = key.defaultValue else { return "" }
        return "(\(words))"
    }
}
