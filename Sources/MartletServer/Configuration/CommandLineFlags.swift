import Configuration

/// The flags of the command line, each known and given once.
struct CommandLineFlags {
    private let provider: CommandLineArgumentsProvider

    /// Refuses what the library would pass over: unknown flags, words that belong to no flag, a flag without its
    /// value, a flag given twice.
    init(_ arguments: [String]) throws(ServerFailure) {
        var seen: Set<String> = []
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            guard argument.hasPrefix("--") else { throw .usage("\"\(argument)\" belongs to no flag") }
            let flag = String(argument.prefix { $0 != "=" })
            let key = try KnownKeys.key(flag: flag)
            guard seen.insert(flag).inserted else { throw .usage("\(flag) is given twice") }
            let hasValue = flag != argument || Self.isValue(arguments, at: index + 1)
            guard hasValue || key.kind == .flag else { throw .usage("\(flag) needs a value (\(key.kind.expected))") }
            index += flag == argument && hasValue ? 2 : 1
        }
        provider = CommandLineArgumentsProvider(arguments: ["martlet"] + arguments)
    }

    private static func isValue(_ arguments: [String], at index: Int) -> Bool {
        index < arguments.count && !arguments[index].hasPrefix("--")
    }

    func text(_ key: ConfigurationKey) -> String? {
        // The library cuts values at commas; joined again they are what was typed. A flag alone means true.
        let parts = try? provider.value(forKey: KeyEncoding.path(key.name), type: .stringArray).value?.content
        guard case .stringArray(let values) = parts else { return nil }
        return values.isEmpty ? "true" : values.joined(separator: ",")
    }
}
