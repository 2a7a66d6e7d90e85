import Foundation
import Testing

/// The house's rules that a compiler does not know (ARCHITECTURE.md "The map").
@Suite("The house")
struct HouseTests {
    /// Which of our rooms each room may import. Imports go down the floors, and along the arrows drawn here.
    static let arrows: [String: Set<String>] = [
        "MartletBase": [],
        "MQTTCodec": ["MartletBase"], "AWSModel": ["MartletBase"], "IoTPolicy": ["MartletBase"],
        "IoTDomain": ["MartletBase"],
        "MartletObserve": ["MartletBase"], "MartletStore": ["MartletBase"], "MartletPKI": ["MartletBase"],
        "MartletBroker": ["MartletBase", "MQTTCodec", "IoTPolicy", "MartletStore"],
        "MartletServices": [
            "MartletBase", "AWSModel", "IoTPolicy", "IoTDomain", "MartletStore", "MartletPKI", "MartletBroker",
        ],
        "MartletGateway": ["MartletBase", "MQTTCodec", "AWSModel", "MartletBroker"],
        "MartletServer": [
            "MartletBase", "AWSModel", "IoTPolicy", "IoTDomain", "MartletBroker", "MartletStore", "MartletPKI",
            "MartletServices", "MartletGateway", "MartletObserve",
        ],
        "martlet": ["MartletBase", "MartletServer", "MartletDevice"],
        "MartletDevice": ["MartletBase", "MQTTCodec"],
        "MartletTesting": ["MartletBase", "IoTPolicy", "MartletStore", "MartletBroker"],
    ]

    /// What only one room may know.
    static let owners = ["GRDB": "MartletStore", "X509": "MartletPKI", "HummingbirdCore": "MartletGateway"]
    static let pure: Set<String> = ["MartletBase", "MQTTCodec", "AWSModel", "IoTPolicy", "IoTDomain"]
    static let impure: Set<String> = ["Foundation", "FoundationEssentials", "NIOPosix", "Glibc", "Dispatch", "Logging"]
    static let longestFile = 500

    struct Source {
        let room: String
        let path: String
        let lines: [Substring]

        var imports: [String] {
            lines.compactMap { line in
                let words = line.split(separator: " ")
                guard let place = words.firstIndex(of: "import"), place <= 2, place + 1 < words.count else { return nil }
                let qualifiers: Set<Substring> = ["public", "package", "internal", "private", "@testable", "@preconcurrency"]
                guard words[..<place].allSatisfy(qualifiers.contains) else { return nil }
                return String(words[place + 1])
            }
        }
    }

    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func sources() throws -> [Source] {
        let folder = root.appendingPathComponent("Sources")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        return try files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }.map { file in
            let path = String(file.path.dropFirst(folder.path.count + 1))
            let text = try String(contentsOf: file, encoding: .utf8)
            return Source(
                room: String(path.prefix { $0 != "/" }), path: path,
                lines: text.split(separator: "\n", omittingEmptySubsequences: false))
        }
    }

    @Test("Imports follow the arrows of the map")
    func arrowsHold() throws {
        for source in try Self.sources() {
            let allowed = try #require(Self.arrows[source.room], "\(source.room) is not on the map")
            for imported in source.imports where Self.arrows[imported] != nil && !allowed.contains(imported) {
                Issue.record("\(source.path) imports \(imported), which is no arrow of \(source.room)")
            }
        }
    }

    @Test("The manifest declares the rooms that are imported, and no others")
    func manifestAgrees() throws {
        let manifest = try String(contentsOf: Self.root.appendingPathComponent("Package.swift"), encoding: .utf8)
        #expect(!manifest.contains(".library("), "the package offers no library product")
        for (room, rooms) in Dictionary(grouping: try Self.sources(), by: \.room) {
            let imported = Set(rooms.flatMap(\.imports)).intersection(Self.arrows.keys)
            let place = try #require(
                manifest.range(of: "room(\"\(room)\"")
                    ?? manifest.range(of: "name: \"\(room)\", dependencies") ?? manifest.range(of: "\"\(room)\",\n"), "\(room) is not in the manifest")
            let declaration = manifest[place.upperBound...].prefix { $0 != ")" }
            // `.nio("X")` closes a parenthesis of its own; our rooms are always named before the packages' products.
            for name in imported {
                #expect(declaration.contains("\"\(name)\""), "\(room) imports \(name) and does not declare it")
            }
        }
    }

    @Test("Each outside thing has one room that knows it")
    func ownersHold() throws {
        for source in try Self.sources() {
            for imported in source.imports {
                guard let owner = Self.owners[imported] else { continue }
                #expect(source.room == owner, "\(source.path) imports \(imported)")
            }
        }
    }

    @Test("The pure rooms have no clock, chance, disk or Foundation of their own")
    func pureRoomsArePure() throws {
        for source in try Self.sources() where Self.pure.contains(source.room) {
            #expect(Self.impure.isDisjoint(with: source.imports), "\(source.path)")
            for line in source.lines where !line.drop(while: { $0 == " " }).hasPrefix("//") {
                #expect(!line.contains(" Date(") && !line.contains(".random(in"), "\(source.path): \(line)")
            }
        }
    }

    @Test("No hand-written file is longer than a person reads, and none names one machine")
    func filesAreReadable() throws {
        for source in try Self.sources() where !source.path.contains("/Generated/") {
            #expect(source.lines.count <= Self.longestFile, "\(source.path)")
            for line in source.lines { #expect(!line.contains("\"/opt/") && !line.contains("\"/home/"), "\(source.path)") }
        }
    }
}
