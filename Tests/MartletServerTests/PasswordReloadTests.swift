import Glibc
import Logging
import MartletBase
import MartletBroker
import MartletObserve
import MartletPKI
import MartletTesting
import Testing

@testable import MartletServer

@Suite struct PasswordReloadTests {
    static let cheap = PasswordCost(checkingLogN: 10, blockSize: 1, parallelism: 1)!

    private struct World {
        let path: String
        let reader: PasswordFileReader
        let health = Health()
        var users: PasswordUsers { reader.users }

        init(_ directory: String, isNamed: Bool = false) {
            path = directory + "/passwords"
            reader = PasswordFileReader(
                path: path, isNamed: isNamed, users: PasswordUsers(random: SystemRandomSource()), health: health,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }

        func write(_ users: (name: String, password: String, policy: String)...) throws {
            var file = PasswordFile()
            for user in users {
                let hash = try #require(
                    PasswordHash(of: Secret(Array(user.password.utf8)), cost: cheap, random: SystemRandomSource()))
                file.set(try PasswordUser(name: user.name, hash: hash, policies: [user.policy]))
            }
            try file.write(to: path)
        }

        func write(text: String) throws { try SmallFile.replace(path, Array(text.utf8)) }
    }

    @Test("without a file there are no users, and one that appears comes into force")
    func appears() throws {
        try withTemporaryDirectory { directory in
            let world = World(directory)
            try world.reader.start()
            #expect(!world.users.isInForce)
            try world.write(("ann", "a", "reader"))
            #expect(world.reader.check() == .taken(changed: ["ann"]) && world.users.isInForce)
            #expect(world.reader.check() == .unchanged)
            #expect(world.users.names(withPolicy: "reader") == ["ann"] && world.users.names(withPolicy: "x").isEmpty)
        }
    }

    @Test("a reload names who is new, gone or changed, and nobody else")
    func changed() throws {
        try withTemporaryDirectory { directory in
            let world = World(directory)
            try world.write(("ann", "a", "reader"), ("bob", "b", "reader"))
            try world.reader.start()
            let text = try #require(try PasswordFile.read(world.path)).text
            try world.write(text: text.replacing("bob", with: "cy"))
            #expect(world.reader.check() == .taken(changed: ["bob", "cy"]))
            try world.write(text: text.replacing("bob", with: "cy").replacing("reader\ncy", with: "writer\ncy"))
            #expect(world.reader.check() == .taken(changed: ["ann"]))
        }
    }

    @Test("a broken or missing file keeps the last good one in force, and readiness says which line is wrong")
    func broken() throws {
        try withTemporaryDirectory { directory in
            let world = World(directory)
            try world.write(("ann", "a", "reader"))
            try world.reader.start()
            try world.write(text: "# fine\nann secret reader\n")
            guard case .refused(let error) = world.reader.check() else { return #expect(Bool(false), "it was taken") }
            #expect(error.line == 2 && world.users.user("ann") != nil)
            #expect(world.health.report(.readiness).body.contains("line 2: the hash is not of the form"))
            #expect(world.reader.check() == .unchanged, "it is said once")
            unlink(world.path)
            guard case .refused = world.reader.check() else { return #expect(Bool(false), "it was taken") }
            try world.write(("bob", "b", "reader"))
            #expect(world.reader.check() == .taken(changed: ["ann", "bob"]) && world.health.report(.readiness).passes)
        }
    }

    @Test("a server does not start with a broken file, or without one that it was told to use")
    func start() throws {
        try withTemporaryDirectory { directory in
            #expect(throws: ServerFailure.self) { try World(directory, isNamed: true).reader.start() }
            let world = World(directory)
            try world.write(text: "ann\n")
            let failure = #expect(throws: ServerFailure.self) { try world.reader.start() }
            #expect(failure?.exitCode == 2 && failure?.sentence.contains("line 1") == true)
        }
    }

    @Test("an unknown user costs what the costliest known one costs")
    func equalCost() throws {
        let users = PasswordUsers(random: SystemRandomSource())
        #expect(users.hash(of: "nobody") == nil)
        var file = PasswordFile()
        let dear = try #require(PasswordCost(checkingLogN: 11, blockSize: 2, parallelism: 1))
        for (name, cost) in [("ann", Self.cheap), ("bob", dear)] {
            let hash = try #require(PasswordHash(of: Secret([1]), cost: cost, random: SystemRandomSource()))
            file.set(try PasswordUser(name: name, hash: hash, policies: ["reader"]))
        }
        _ = users.replace(with: file)
        #expect(users.hash(of: "nobody")?.cost == dear)
    }

    @Test("the right password gives the user, and a wrong one, an unknown user and no password the same refusal")
    func check() async throws {
        try await withTemporaryDirectory { directory in
            let world = World(directory)
            try world.write(("ann", "a", "reader"))
            try world.reader.start()
            let check = PasswordCheck(users: world.users, waitingMax: 8)
            let user = try await verify(check, "ann", "a").get()
            #expect(user.name == "ann" && user.passwordStamp == world.users.user("ann")?.hash.stamp)
            #expect(try await verify(check, "ann?SDK=CPPv2&Version=1", "a").get() == user)
            for (name, password) in [("ann", "b"), ("zoe", "a"), ("ann", ""), ("", "a")] {
                guard case .failure(.badCredentials(user: name)) = await verify(check, name, password) else {
                    Issue.record("\(name) was not refused for bad credentials")
                    continue
                }
            }
            await check.stop()
        }
    }

    @Test("beyond passwords.waiting a check is refused at once and by name")
    func limit() async throws {
        let users = PasswordUsers(random: SystemRandomSource())
        _ = users.replace(with: PasswordFile())
        let check = PasswordCheck(users: users, waitingMax: 2)
        let (stream, results) = AsyncStream.makeStream(of: Result<AuthenticatedUser, ConnectRefusal>.self)
        for _ in 0..<5 {
            check.verify(Credentials(userName: "ann", password: Secret([97]))) { results.yield($0) }
        }
        let answers = await stream.prefix(5).reduce(into: []) { $0.append($1) }
        let limits = answers.filter {
            if case .failure(.limit(let limit)) = $0 { limit.name == "passwords.waiting" && limit.limit == 2 } else { false }
        }
        #expect(!limits.isEmpty && limits.count < 5)
        guard case .failure(.badCredentials) = await verify(check, "ann", "a") else {
            Issue.record("the room was not given back")
            return
        }
        await check.stop()
    }
}

private func verify(
    _ check: PasswordCheck, _ name: String, _ password: String
) async -> Result<AuthenticatedUser, ConnectRefusal> {
    await withCheckedContinuation { continuation in
        check.verify(Credentials(userName: name, password: Secret(Array(password.utf8)))) {
            continuation.resume(returning: $0)
        }
    }
}
