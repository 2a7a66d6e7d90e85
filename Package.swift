// swift-tools-version: 6.2
import PackageDescription

// Strict from the first commit. Each feature closes one way of getting it wrong:
// an existential must say `any`, an import must say that it is public to be re-exported,
// and a member is visible only where its module is imported.
let strict: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + (Context.environment["MARTLET_WARNINGS_AS_ERRORS"] == nil ? [] : [.treatAllWarnings(as: .error)])

/// A room of the house (ARCHITECTURE.md). Imports go down the floors; `HouseTests` checks manifest and sources.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource]? = nil
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["MartletTesting"], exclude: exclude, resources: resources,
        swiftSettings: strict)
}

/// A program beside the house: a fuzz target or a benchmark. Nothing in it brings libm along, as Foundation would.
func beside(_ name: String, in folder: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: "\(folder)/\(name)", swiftSettings: strict,
        linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))])
}

extension Target.Dependency {
    static func nio(_ name: String) -> Self { .product(name: name, package: "swift-nio") }
    static let nioCore = nio("NIOCore")
    static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
    static let logging = product(name: "Logging", package: "swift-log")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let cryptoExtras = product(name: "CryptoExtras", package: "swift-crypto")
    static let x509 = product(name: "X509", package: "swift-certificates")
    static let asn1 = product(name: "SwiftASN1", package: "swift-asn1")
    static let grdb = product(name: "GRDB", package: "GRDB.swift")
    static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
    static let nioHTTPTypes = product(name: "NIOHTTPTypes", package: "swift-nio-extras")
    static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
    static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let lifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let configuration = product(name: "Configuration", package: "swift-configuration")
    static let deque = product(name: "DequeModule", package: "swift-collections")
    static let heap = product(name: "HeapModule", package: "swift-collections")
    static let arguments = product(name: "ArgumentParser", package: "swift-argument-parser")
}

let package = Package(
    name: "martlet",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "martlet", targets: ["martlet"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(
            url: "https://github.com/apple/swift-configuration", from: "1.4.0",
            traits: ["CommandLineArguments", "YAML"]),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    ],
    targets: [
        // Floor 0: pure. No sockets, no disk, no clock of their own.
        room("MartletBase"),
        room("MQTTCodec", ["MartletBase", .nioCore]),
        room("AWSModel", ["MartletBase"]),
        room("IoTPolicy", ["MartletBase"]),
        room("IoTDomain", ["MartletBase"]),

        // Floor 1: one outside thing each.
        room("MartletObserve", ["MartletBase", .logging]),
        room("MartletStore", ["MartletBase", .nioCore, .nio("NIOConcurrencyHelpers"), .nio("NIOPosix"), .deque, .grdb]),
        room("MartletPKI", ["MartletBase", .x509, .asn1, .crypto, .cryptoExtras]),
        room(
            "MartletBroker",
            [
                "MartletBase", "MQTTCodec", "IoTPolicy", "MartletStore", .nioCore, .nio("NIOConcurrencyHelpers"), .deque, .heap,
                .logging,
            ]),

        // Floor 2: what AWS calls a service, one folder per area.
        room(
            "MartletServices",
            [
                "MartletBase", "AWSModel", "IoTPolicy", "IoTDomain", "MartletStore", "MartletPKI", "MartletBroker", .nioCore,
                .logging,
            ]),

        // Floor 3: the edges, bytes in and bytes out.
        room(
            "MartletGateway",
            [
                "MartletBase", "MQTTCodec", "AWSModel", "MartletBroker", .nioCore, .nio("NIOPosix"), .nio("NIOHTTP1"), .nio("NIOTLS"), .nioSSL,
                .hummingbirdCore, .httpTypes, .nioHTTPTypes, .crypto, .logging,
            ]),

        // Floor 4: configuration and wiring, and the command line.
        room(
            "MartletServer",
            [
                "MartletBase", "AWSModel", "IoTPolicy", "IoTDomain", "MartletBroker", "MartletStore", "MartletPKI",
                "MartletServices", "MartletGateway", "MartletObserve", .nioCore, .nio("NIOPosix"), .nio("NIOHTTP1"),
                .configuration, .lifecycle, .unixSignals, .logging,
            ]),
        .executableTarget(
            name: "martlet", dependencies: ["MartletBase", "MartletServer", "MartletDevice", .arguments],
            swiftSettings: strict),

        // The device's side, and what tests share.
        room("MartletDevice", ["MartletBase", "MQTTCodec", .nioCore, .nio("NIOPosix"), .nioSSL]),
        room("MartletTesting", ["MartletBase", "IoTPolicy", "MartletStore", "MartletBroker", .nioCore, .nio("NIOEmbedded")]),

        tests("HouseTests"),
        tests("MartletBaseTests", ["MartletBase"]),
        tests("IoTPolicyTests", ["MartletBase", "IoTPolicy"]),
        tests("IoTDomainTests", ["MartletBase", "IoTDomain"], resources: [.copy("Shadow/Vectors")]),
        tests("MartletPKITests", ["MartletBase", "MartletPKI"]),
        tests(
            "MartletDeviceTests",
            [
                "MartletBase", "MQTTCodec", "MartletPKI", "MartletDevice", .nioCore, .nio("NIOPosix"),
                .nio("NIOEmbedded"), .nioSSL,
            ]),
        tests(
            "MartletServicesTests",
            [
                "MartletBase", "AWSModel", "IoTDomain", "IoTPolicy", "MartletStore", "MartletPKI", "MartletServices",
                "MartletBroker", .nioCore, .logging,
            ]),
        tests("MQTTCodecTests", ["MartletBase", "MQTTCodec", .nioCore]),
        tests("AWSModelTests", ["MartletBase", "AWSModel"]),
        tests("MartletObserveTests", ["MartletBase", "MartletObserve", .logging]),
        tests("MartletStoreTests", ["MartletBase", "MartletStore", .nioCore]),
        tests(
            "MartletServerTests",
            ["MartletBase", "MartletBroker", "MartletObserve", "MartletPKI", "MartletServer", .nioCore, .nio("NIOPosix"),
                .nio("NIOHTTP1"), .logging]),
        tests(
            "MartletGatewayTests",
            ["MartletBase", "MartletGateway", .nioCore, .nio("NIOHTTP1"), .nio("NIOEmbedded")]),
        tests("MartletBrokerTests", ["MartletBase", "MartletBroker", "MartletStore", "MQTTCodec", "IoTPolicy", .nioCore, .nio("NIOEmbedded"), .logging]),

        tests(
            "ConformanceTests",
            [
                "MartletBase", "IoTPolicy", "MartletStore", "MartletBroker", "MartletGateway", .nioCore, .nio("NIOEmbedded"),
                .logging,
            ], exclude: ["Statements"]),

        // Beside the house: the simulation, which its tests and its program share.
        .target(
            name: "Simulation",
            dependencies: ["MartletBase", "MQTTCodec", "MartletStore", "MartletBroker", "MartletTesting", .nioCore, .nio("NIOEmbedded"), .logging],
            path: "Simulation/World", swiftSettings: strict),
        beside("simulate", in: "Simulation", ["Simulation"]),
        tests("SimulationTests", ["MartletBase", "MartletStore", "Simulation", .nioCore]),

        // Beside the house: fuzz targets and benchmarks.
        .target(name: "FuzzDriver", path: "Fuzz/FuzzDriver", swiftSettings: strict),
        beside("MQTTCodecFuzz", in: "Fuzz", ["FuzzDriver", "MQTTCodec", .nioCore]),
        beside(
            "ConnectionFuzz", in: "Fuzz",
            [
                "FuzzDriver", "MartletBase", "MQTTCodec", "MartletBroker", "MartletGateway", "MartletStore", "MartletTesting",
                .nioCore, .nio("NIOEmbedded"), .logging,
            ]),
        beside("IoTPolicyFuzz", in: "Fuzz", ["FuzzDriver", "MartletBase", "IoTPolicy"]),
        beside("AWSModelFuzz", in: "Fuzz", ["FuzzDriver", "MartletBase", "AWSModel"]),
        beside("ShadowFuzz", in: "Fuzz", ["FuzzDriver", "MartletBase", "IoTDomain"]),
        beside("MessageLogFuzz", in: "Fuzz", ["FuzzDriver", "MartletStore", "MartletTesting", .nioCore]),
        beside("WebSocketFuzz", in: "Fuzz", ["FuzzDriver", "MartletGateway", .nioCore]),
        beside("IndexBenchmark", in: "Benchmarks", ["MartletBroker"]),
    ],
    swiftLanguageModes: [.v6]
)
