/// Where the server that a command talks to is.
package struct ServerLocation: Hashable, Sendable {
    /// `http://127.0.0.1:8800`
    package let api: String
    /// The port of MQTT over TLS.
    package let mqttsPort: Int
    package let region: String
    package let account: String
    /// Nil when the server was found without its data directory.
    package let caFile: String?
    /// How it was found, in words for a person.
    package let foundBy: String

    /// By the data directory that the flag or the variable names, whose `run.json` must belong to a live process;
    /// else by a live server on the default data directory; else by the configured or default ports.
    package static func find(_ sources: ConfigurationSources) throws(ServerFailure) -> ServerLocation {
        let values = try ResolvedConfiguration(sources)
        let directory = values.value("dataDir")
        let isNamed = directory.source != .defaultValue
        let path = directory.text ?? ConfigurationKeys.defaultDataDirectory
        if let report = try RunFile.read(in: path) {
            if RunFile.isAlive(report) { return try ServerLocation(report, path) }
            if isNamed {
                throw .runtime(
                    "the server that wrote \(RunFile.path(in: path)) (pid \(report.pid)) is gone; start it with "
                        + "martlet serve --data-dir \(ShellText.quoted(path))")
            }
        } else if isNamed && directory.source == .flag(KeyEncoding.flag("dataDir")) {
            throw .runtime("no server runs on \(path): there is no \(RunFile.path(in: path))")
        }
        return try ServerLocation(values)
    }

    private init(_ report: ReadyReport, _ path: String) throws(ServerFailure) {
        guard let api = report.endpoints.api, let mqtts = report.endpoints.mqtts,
            let port = mqtts.split(separator: ":").last.flatMap({ Int($0) })
        else { throw .runtime("\(RunFile.path(in: path)) names no API or no MQTT endpoint") }
        self.api = api
        mqttsPort = port
        region = report.region
        account = report.account
        caFile = report.caFile
        foundBy = RunFile.path(in: path)
    }

    private init(_ values: ResolvedConfiguration) throws(ServerFailure) {
        let (api, mqtts) = (values.integer("api.port"), values.integer("mqtts.port"))
        guard api != 0, mqtts != 0 else {
            throw .usage("port 0 says nothing about where the server is; name its --data-dir")
        }
        let endpoints = ReadyReport.Endpoints(
            bindAddress: values.text("bind"), api: api, mqtt: nil, mqtts: mqtts, https: 0)
        self.api = endpoints.api ?? ""
        mqttsPort = mqtts
        region = values.text("region")
        account = values.text("account")
        caFile = nil
        foundBy = "the configured ports"
    }
}
