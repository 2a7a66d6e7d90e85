import Foundation
import MartletTesting

/// The path of a directory that does not exist yet, in one that is gone when the test is over.
func withDirectory(_ body: (String) async throws -> Void) async throws {
    try await withTemporaryDirectory { try await body($0 + "/pki") }
}

func write(_ text: String, _ file: String) throws { try text.write(toFile: file, atomically: false, encoding: .utf8) }
func text(_ file: String) throws -> String { try String(contentsOfFile: file, encoding: .utf8) }
func mode(_ file: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
}

/// The OpenSSL command line, where it is installed.
enum OpenSSL {
    static let path = ["/usr/bin/openssl", "/usr/local/bin/openssl", "/opt/homebrew/bin/openssl"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    static var isInstalled: Bool { path != nil }

    struct Answer {
        var status: Int32
        var output: String
    }

    static func run(_ arguments: String...) throws -> Answer {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path ?? "/usr/bin/openssl")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Answer(status: process.terminationStatus, output: String(decoding: output, as: UTF8.self))
    }
}

func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: path) }
func makeDirectory(_ path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
}
