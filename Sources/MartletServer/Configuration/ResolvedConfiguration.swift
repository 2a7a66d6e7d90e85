/// The value of every key and where it came from, each checked on its own. Command line before environment before
/// file before default.
package struct ResolvedConfiguration: Hashable, Sendable {
    package struct Value: Hashable, Sendable {
        package let key: ConfigurationKey
        /// Nil where the default is worked out at start.
        package let text: String?
        package let source: ConfigurationSource
    }

    package let values: [Value]
    private let byName: [String: Value]

    /// Throws one sentence that names the key and the source; exit code 2.
    package init(_ sources: ConfigurationSources) throws(ServerFailure) {
        let flags = try CommandLineFlags(sources.arguments)
        let variables = try EnvironmentVariables(sources.environment)
        let configKey = ConfigurationKeys.all[0]
        let path = flags.text(configKey) ?? variables.text(configKey)
        var file: ConfigurationFile?
        if let path { file = try ConfigurationFile(path: path, bytes: try sources.readFile(path)) }

        var given: [String: Value] = [:]
        for key in ConfigurationKeys.all {
            guard let (text, source) = try Self.find(key, flags, variables, file) else { continue }
            guard key.kind.accepts(text) else {
                throw .usage("\(key.name) is \"\(text)\", but must be \(key.kind.expected) (\(source))")
            }
            given[key.name] = Value(key: key, text: text, source: source)
        }
        let production = given["profile"]?.text == "production"
        let awsMQTT = given["mqtt.profile"]?.text == "aws"
        let awsLimits = given["limits.profile"].map { $0.text == "aws" } ?? awsMQTT
        let values = ConfigurationKeys.all.map { key in
            let text = key.defaultText(production: production, awsMQTT: awsMQTT, awsLimits: awsLimits)
            return given[key.name] ?? Value(key: key, text: text, source: .defaultValue)
        }
        self.values = values
        byName = Dictionary(uniqueKeysWithValues: values.map { ($0.key.name, $0) })
    }

    private static func find(
        _ key: ConfigurationKey, _ flags: CommandLineFlags, _ variables: EnvironmentVariables,
        _ file: ConfigurationFile?
    ) throws(ServerFailure) -> (String, ConfigurationSource)? {
        if let text = flags.text(key) { return (text, .flag(KeyEncoding.flag(key.name))) }
        if let text = variables.text(key) { return (text, .variable(KeyEncoding.variable(key.name))) }
        guard let file, let text = try file.text(key) else { return nil }
        return (text, .file(file.path))
    }

    func value(_ name: String) -> Value {
        guard let value = byName[name] else { preconditionFailure("\(name) is not in the table of keys") }
        return value
    }

    func text(_ name: String) -> String { value(name).text ?? "" }
    func flag(_ name: String) -> Bool { value(name).text == "true" }
    /// Nil for `none` and for a default that is worked out at start.
    func integerOrNone(_ name: String) -> Int? { value(name).text.flatMap { Int($0) } }

    func integer(_ name: String) -> Int {
        guard let number = integerOrNone(name) else {
            preconditionFailure("\(name) has no number in the table of keys")
        }
        return number
    }
}

extension ConfigurationKey {
    /// Nil where the default is worked out at start.
    func defaultText(production isProduction: Bool, awsMQTT: Bool, awsLimits: Bool) -> String? {
        switch defaultValue {
        case .value(let text): text
        case .byProfile(let dev, let production): isProduction ? production : dev
        case .byMQTTProfile(let oasis, let aws): awsMQTT ? aws : oasis
        case .byLimits(let generous, let aws): awsLimits ? aws : generous
        case .computed: nil
        }
    }
}
