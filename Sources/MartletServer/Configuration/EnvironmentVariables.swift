import Configuration

/// The variables whose names begin with `MARTLET_`, each known.
struct EnvironmentVariables {
    /// Names with the prefix that belong to the build and the tests and configure nothing.
    static let others: Set<String> = ["MARTLET_WARNINGS_AS_ERRORS", "MARTLET_PAHO_SUITE", "MARTLET_BINARY"]

    private let provider: EnvironmentVariablesProvider

    init(_ environment: [String: String]) throws(ServerFailure) {
        for name in environment.keys.sorted() where name.hasPrefix(KeyEncoding.variablePrefix) {
            guard !Self.others.contains(name) else { continue }
            _ = try KnownKeys.key(variable: name)
        }
        provider = EnvironmentVariablesProvider(environmentVariables: environment)
    }

    func text(_ key: ConfigurationKey) -> String? {
        let found = try? provider.value(forKey: KeyEncoding.variablePath(key.name), type: .string).value?.content
        guard case .string(let text) = found else { return nil }
        return text
    }
}
