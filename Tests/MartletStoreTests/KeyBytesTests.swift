import MartletBase
import MartletStore
import Testing

@Suite("Keys")
struct KeyBytesTests {
    @Test("bytes compare as components do, and read back as what they were", arguments: [1, 2, 3] as [UInt64])
    func order(_ seed: UInt64) throws {
        var generator = SplitMix(state: seed)
        let tuples = (0..<600).map { _ in randomTuple(&generator) }
        for tuple in tuples { #expect(encode(tuple).components == tuple) }
        for (one, other) in zip(tuples, tuples.shuffled(using: &generator)) {
            #expect((encode(one) < encode(other)) == precedes(one, other), "\(one) \(other)")
            #expect((encode(one) == encode(other)) == (one == other), "\(one) \(other)")
            let isPrefix = other.starts(with: one)
            #expect(encode(other).hasPrefix(encode(one)) == isPrefix, "\(one) \(other)")
        }
    }

    @Test("a prefix and its end enclose exactly what begins with it", arguments: [4, 5] as [UInt64])
    func endOfPrefix(_ seed: UInt64) {
        var generator = SplitMix(state: seed)
        for _ in 0..<2000 {
            let prefix = KeyBytes(bytes: randomBytes(&generator))
            let key = KeyBytes(bytes: randomBytes(&generator))
            let isInside = key >= prefix && (prefix.endOfPrefix.map { key < $0 } ?? true)
            #expect(isInside == key.hasPrefix(prefix), "\(prefix.bytes) \(key.bytes)")
        }
    }

    @Test("the start of a string selects the strings that begin with it")
    func stringStart() {
        let start = KeySpace.things(.zero, attribute: "room", valueStart: "ki")
        #expect(KeySpace.thingByAttribute(.zero, attribute: "room", value: "kitchen", thing: "t").hasPrefix(start))
        #expect(KeySpace.thingByAttribute(.zero, attribute: "room", value: "ki", thing: "t").hasPrefix(start))
        #expect(!KeySpace.thingByAttribute(.zero, attribute: "room", value: "k", thing: "i").hasPrefix(start))
    }

    @Test(
        "bytes that no components encode to have no components, and still a description",
        arguments: [
            [0], [9], [1, 0x31], [2], [2, 0], [2, 255], [3, 1, 2, 3], [4], [4, 0x61], [4, 1, 3, 0], [4, 1],
            [4, 0xC3, 0],
        ] as [[UInt8]])
    func malformed(_ bytes: [UInt8]) {
        #expect(KeyBytes(bytes: bytes).components == nil)
        #expect(KeyBytes(bytes: bytes).description == "0x" + Hex.text(bytes))
    }

    @Test("the numbers of the kinds are what is on disk")
    func kinds() {
        let numbers = DocumentKind.allCases.map(\.rawValue)
        #expect(numbers == [1, 2, 3, 4, 5, 10, 11, 12, 20, 21, 22, 23, 30, 31])
    }

    @Test("every key of an account begins with the account, and the look-up before an account with none")
    func layout() throws {
        let one = try #require(AccountID("111111111111"))
        let other = try #require(AccountID("222222222222"))
        let id = CertificateID(sha256: [UInt8](repeating: 7, count: 32))
        let keys = [
            KeySpace.thing(one, "a"), KeySpace.thingByType(one, type: "b", thing: "a"),
            KeySpace.thingByAttribute(one, attribute: "c", value: "d", thing: "a"),
            KeySpace.thingPrincipal(one, thing: "a", principal: "p"),
            KeySpace.principalThing(one, principal: "p", thing: "a"), KeySpace.certificate(one, id),
            KeySpace.certificateByCreation(one, created: WallInstant(millisecondsSinceEpoch: 5), id),
            KeySpace.policy(one, "p"), KeySpace.policyVersion(one, "p", 1),
            KeySpace.policyTarget(one, policy: "p", target: "t"), KeySpace.targetPolicies(one, target: "t"),
        ]
        #expect(Set(keys).count == keys.count)
        for key in keys {
            #expect(key.hasPrefix(KeySpace.account(one)))
            #expect(!key.hasPrefix(KeySpace.account(other)))
        }
        let global = KeySpace.certificateAccount(id, one)
        #expect(!global.hasPrefix(KeySpace.account(one)))
        #expect(global.hasPrefix(KeySpace.accounts(ofCertificate: id)))
        #expect(global.components?.last == .account(one))
    }

    private func encode(_ tuple: [KeyComponent]) -> KeyBytes { tuple.reduce(KeyBytes.empty) { $0.appending($1) } }

    private func randomBytes(_ generator: inout SplitMix) -> [UInt8] {
        (0..<Int.random(in: 0...3, using: &generator)).map { _ in [0, 1, 254, 255].randomElement(using: &generator)! }
    }

    private func randomTuple(_ generator: inout SplitMix) -> [KeyComponent] {
        (0..<Int.random(in: 0...3, using: &generator)).map { _ in
            switch Int.random(in: 0...4, using: &generator) {
            case 0:
                return .account(
                    AccountID(["000000000000", "000000000001", "100000000000"].randomElement(using: &generator)!)!)
            case 1: return .kind([.thing, .policy].randomElement(using: &generator)!)
            case 2: return .integer([.min, -256, -1, 0, 1, 255, 256, .max].randomElement(using: &generator)!)
            default:
                let letters = ["\0", "\u{1}", "\u{2}", "a", "\u{7F}", "é", "\u{10FFFF}"]
                let count = Int.random(in: 0...3, using: &generator)
                return .string((0..<count).map { _ in letters.randomElement(using: &generator)! }.joined())
            }
        }
    }

    /// The order that the encoding promises, written without it.
    private func precedes(_ one: [KeyComponent], _ other: [KeyComponent]) -> Bool {
        one.lexicographicallyPrecedes(other) { one, other in
            switch (one, other) {
            case (.account(let one), .account(let other)): one.text < other.text
            case (.kind(let one), .kind(let other)): one.rawValue < other.rawValue
            case (.integer(let one), .integer(let other)): one < other
            case (.string(let one), .string(let other)): one.utf8.lexicographicallyPrecedes(other.utf8)
            default: rank(one) < rank(other)
            }
        }
    }

    private func rank(_ component: KeyComponent) -> Int {
        switch component {
        case .account: 0
        case .kind: 1
        case .integer: 2
        case .string: 3
        }
    }
}
