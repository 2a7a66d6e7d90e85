import Configuration

/// How a key is spelt as a flag and as a variable: by the configuration library's own rules, asked of the library
/// itself, so that the table and the library cannot drift apart.
package enum KeyEncoding {
    package static let variablePrefix = "MARTLET_"
    private static let noFlags = CommandLineArgumentsProvider(arguments: [])
    private static let noVariables = EnvironmentVariablesProvider(environmentVariables: [:])

    /// `mqtt.keepAlive.max` -> `--mqtt-keep-alive-max`
    package static func flag(_ name: String) -> String { encoded(noFlags, path(name)) }

    /// `mqtt.keepAlive.max` -> `MARTLET_MQTT_KEEP_ALIVE_MAX`
    package static func variable(_ name: String) -> String { encoded(noVariables, variablePath(name)) }

    static func path(_ name: String) -> AbsoluteConfigKey {
        AbsoluteConfigKey(name.split(separator: ".").map(String.init))
    }

    static func variablePath(_ name: String) -> AbsoluteConfigKey {
        AbsoluteConfigKey(["martlet"] + path(name).components)
    }

    private static func encoded(_ provider: some ConfigProvider, _ key: AbsoluteConfigKey) -> String {
        // An empty provider has nothing to convert, so it cannot fail; an empty spelling would match no input.
        (try? provider.value(forKey: key, type: .string))?.encodedKey ?? ""
    }
}
