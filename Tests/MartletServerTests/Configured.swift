import MartletServer

/// Configuration from flags, variables and the text of one file.
func sources(_ flags: String = "", _ environment: [String: String] = [:], file: String? = nil) -> ConfigurationSources {
    var arguments = flags.split(separator: " ").map(String.init)
    if file != nil { arguments += ["--config", "martlet.yaml"] }
    return ConfigurationSources(arguments: arguments, environment: environment) { _ throws(ServerFailure) in
        Array((file ?? "").utf8)
    }
}

func configured(
    _ flags: String = "", _ environment: [String: String] = [:], file: String? = nil
) throws(ServerFailure) -> ServerConfiguration {
    try ServerConfiguration.load(sources(flags, environment, file: file))
}

/// The refusal of a configuration; nil when it is accepted.
func refusal(_ flags: String = "", _ environment: [String: String] = [:], file: String? = nil) -> ServerFailure? {
    do throws(ServerFailure) {
        _ = try configured(flags, environment, file: file)
        return nil
    } catch {
        return error
    }
}
