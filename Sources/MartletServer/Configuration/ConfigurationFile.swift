import Configuration
import Synchronization

/// The YAML file, each of its keys known and written once.
struct ConfigurationFile {
    /// More than any configuration needs; a wrong path to something huge is refused instead of read.
    static let bytesMax = 1_048_576

    let path: String
    private let snapshot: YAMLSnapshot

    init(path: String, bytes: [UInt8]) throws(ServerFailure) {
        self.path = path
        let names = NameCollector()
        do {
            // The library lists no keys, but it asks for each whether it is secret.
            let options = YAMLSnapshot.ParsingOptions(
                secretsSpecifier: .dynamic { name, _ in
                    names.add(name)
                    return false
                })
            let content = Self.saysNothing(bytes) ? Array("{}".utf8) : bytes
            snapshot = try YAMLSnapshot(data: content.span.bytes, providerName: path, parsingOptions: options)
        } catch {
            let why = "\(error)".split(separator: "\n").joined(separator: " ")
            throw .usage("the configuration file \(path) cannot be read as YAML: \(why)")
        }
        var seen: Set<String> = []
        for name in names.all {
            try KnownKeys.check(fileKey: name, path: path)
            guard seen.insert(name).inserted else { throw .usage("\(name) stands twice in the file \(path)") }
        }
    }

    /// A file of blank lines and comments has no mapping, which the library would refuse.
    private static func saysNothing(_ bytes: [UInt8]) -> Bool {
        bytes.split(separator: UInt8(ascii: "\n")).allSatisfy { line in
            let first = line.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") && $0 != UInt8(ascii: "\r") }
            return first == nil || first == UInt8(ascii: "#")
        }
    }

    func text(_ key: ConfigurationKey) throws(ServerFailure) -> String? {
        do {
            let found = try snapshot.value(forKey: KeyEncoding.path(key.name), type: .string).value?.content
            guard case .string(let text) = found else { return nil }
            return text
        } catch {
            throw .usage("\(key.name) takes one value, not a list (file \(path))")
        }
    }
}

/// Collects names from a closure that the library may call from anywhere.
private final class NameCollector: Sendable {
    private let names = Mutex<[String]>([])

    var all: [String] { names.withLock { $0 } }
    func add(_ name: String) { names.withLock { $0.append(name) } }
}
