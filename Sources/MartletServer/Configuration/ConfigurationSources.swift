/// Where configuration is looked for, so that a test can bring its own.
package struct ConfigurationSources: Sendable {
    /// What follows the command on the command line: flags and their values.
    package var arguments: [String]
    package var environment: [String: String]
    /// Reads the configuration file; throws a sentence that names it.
    package var readFile: @Sendable (_ path: String) throws(ServerFailure) -> [UInt8]

    package init(
        arguments: [String], environment: [String: String],
        readFile: @escaping @Sendable (_ path: String) throws(ServerFailure) -> [UInt8]
    ) {
        self.arguments = arguments
        self.environment = environment
        self.readFile = readFile
    }

    /// The flags given, the process's environment and the disk.
    package static func process(arguments: [String]) -> ConfigurationSources {
        ConfigurationSources(arguments: arguments, environment: ProcessEnvironment.variables()) {
            path throws(ServerFailure) in
            do throws(SmallFile.Failure) {
                return try SmallFile.read(path, bytesMax: ConfigurationFile.bytesMax)
            } catch {
                throw .usage("the configuration file \(path) cannot be read: \(error.why)")
            }
        }
    }
}
