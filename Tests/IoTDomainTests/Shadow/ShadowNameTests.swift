import IoTDomain
import Testing

@Suite("Shadow names and topics")
struct ShadowNameTests {
    @Test("Names have their letters and their lengths")
    func names() throws {
        let longThing = String(repeating: "t", count: 128)
        let longShadow = String(repeating: "s", count: 64)
        #expect(try ShadowName(thing: longThing, shadow: longShadow).shadow == longShadow)
        #expect(try ShadowName(thing: "aZ09:_-").shadow == nil)
        #expect(try ShadowName(thing: "a", shadow: "a$Z09:_-").shadow == "a$Z09:_-")
        for thing in ["", longThing + "t", "a b", "a/b", "$a", "ü", "a\0"] {
            #expect(throws: ShadowRefusal.invalidThingName(thing)) { try ShadowName(thing: thing) }
        }
        for shadow in ["", longShadow + "s", "a b", "a/b", "a.b", "ü", "+"] {
            #expect(throws: ShadowRefusal.invalidShadowName(shadow)) { try ShadowName(thing: "a", shadow: shadow) }
        }
    }

    @Test("Of the reserved names only $package is known")
    func reserved() throws {
        #expect(try ShadowName(thing: "a", shadow: "$package").topicPrefix == "$aws/things/a/shadow/name/$package")
        #expect(throws: ShadowRefusal.invalidShadowName("$other")) { try ShadowName(thing: "a", shadow: "$other") }
        #expect(ShadowRefusal.invalidShadowName("$other").status == 400)
    }

    @Test("A request's topic is read and its answers' topics are written", arguments: [nil, "cfg"] as [String?])
    func topics(shadow: String?) throws {
        let name = try ShadowName(thing: "lamp", shadow: shadow)
        for operation in ShadowOperation.allCases {
            let topic = try #require(ShadowTopic(parsing: "\(name.topicPrefix)/\(operation.rawValue)"))
            #expect(topic.operation == operation)
            #expect(try topic.name() == name)
            #expect(topic.rejected == name.topic(operation.rejected))
            #expect(name.topic(operation.accepted) == "\(topic.prefix)/\(operation.rawValue)/accepted")
        }
        #expect(name.topic(.updateDelta) == "\(name.topicPrefix)/update/delta")
        #expect(name.topic(.updateDocuments) == "\(name.topicPrefix)/update/documents")
    }

    @Test("A bad name in a topic is refused with the topic as it was written")
    func badName() throws {
        let topic = try #require(ShadowTopic(parsing: "$aws/things/a b/shadow/name/$x/update"))
        #expect(throws: ShadowRefusal.invalidThingName("a b")) { try topic.name() }
        #expect(topic.rejected == "$aws/things/a b/shadow/name/$x/update/rejected")
        #expect(ShadowTopic(parsing: "$aws/things//shadow/get")?.thing == "")
    }

    @Test(
        "Other topics are none of a shadow's requests",
        arguments: [
            "", "$aws/things/", "$aws/things/lamp/shadow", "$aws/things/lamp/shadow/get/accepted",
            "$aws/things/lamp/shadow/update/delta", "$aws/things/lamp/shadow/name/cfg",
            "$aws/things/lamp/shadow/name/cfg/list", "$aws/things/lamp/shadow/name/cfg/get/accepted",
            "$aws/things/lamp/jobs/get", "$aws/things/lamp/shadow/cfg/x/get", "$aws/thing/lamp/shadow/get",
            "x/$aws/things/lamp/shadow/get", "$aws/things/lamp/shadow/name/get", "$aws/things/lamp/shadow/GET",
        ])
    func otherTopics(topic: String) {
        #expect(ShadowTopic(parsing: topic) == nil)
    }
}
