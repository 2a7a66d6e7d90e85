import IoTDomain
import MartletBase
import Testing

@Suite("Thing records")
struct ThingRecordTests {
    private let pump = ThingRecord(name: "pump7", id: "id-1", attributes: ["site": "north", "line": "4"])

    @Test("A thing is stored under stable names and read back the same")
    func roundTrip() throws {
        var thing = pump
        thing.typeName = "pump"
        thing.billingGroupName = "plant"
        #expect(
            JSONWriter.text(thing.json)
                == #"{"name":"pump7","id":"id-1","typeName":"pump","attributes":{"line":"4","site":"north"},"billingGroupName":"plant","version":1}"#
        )
        #expect(try ThingRecord(json: thing.json) == thing)
        #expect(try ThingRecord(json: pump.json) == pump)
    }

    @Test("A document that is no thing is refused with the member that is wrong")
    func badRecord() {
        #expect(throws: RecordFormatError(record: "thing", member: "")) { try ThingRecord(json: "pump7") }
        #expect(throws: RecordFormatError(record: "thing", member: "id")) { try ThingRecord(json: ["name": "a"]) }
        #expect(throws: RecordFormatError(record: "thing", member: "attributes")) {
            try ThingRecord(json: ["name": "a", "id": "b", "attributes": ["x": 1], "version": 1])
        }
    }

    @Test("The attributes of a request replace or join those that are there, and an empty value removes one")
    func attributes() {
        let present = ["a": "1", "b": "2"]
        #expect(ThingRecord.attributes(requested: ["c": "3"], over: present, merge: false) == ["c": "3"])
        #expect(ThingRecord.attributes(requested: [:], over: present, merge: false) == [:])
        #expect(ThingRecord.attributes(requested: [:], over: present, merge: true) == present)
        #expect(
            ThingRecord.attributes(requested: ["b": "", "a": "9", "c": ""], over: present, merge: true) == ["a": "9"])
        #expect(ThingRecord.attributes(requested: ["a": "1", "b": ""]) == ["a": "1"])
    }

    @Test("UpdateThing raises the version by one, also when nothing else differs")
    func update() throws {
        let changed = try pump.applying(ThingChange(attributes: ["site": "south"], merge: true), limits: .init())
        #expect(changed.version == 2)
        #expect(changed.attributes == ["site": "south", "line": "4"])
        #expect(try changed.applying(ThingChange(), limits: .init()).version == 3)
        #expect(try changed.applying(ThingChange(), limits: .init()).attributes == changed.attributes)
    }

    @Test("removeThingType takes the type away, and with it the higher attribute limit")
    func removeType() throws {
        var thing = pump
        thing.typeName = "pump"
        thing.attributes = ["a": "1", "b": "2", "c": "3", "d": "4"]
        try thing.checkLimits(.init())
        #expect(throws: RegistryRefusal.tooManyAttributes(thing: "pump7", count: 4, limit: 3)) {
            try thing.applying(ThingChange(removeType: true), limits: .init())
        }
        let changed = try thing.applying(
            ThingChange(attributes: ["a": "1"], removeType: true), limits: .init())
        #expect(changed.typeName == nil)
    }

    @Test("An expected version that differs is refused, 0 included; none means no check")
    func expectedVersion() throws {
        for expected in [0, 2] {
            #expect(throws: RegistryRefusal.versionConflict(thing: "pump7", expected: expected, current: 1)) {
                try pump.applying(ThingChange(expectedVersion: expected), limits: .init())
            }
        }
        try pump.checkVersion(expected: 1)
        try pump.checkVersion(expected: nil)
    }

    @Test("A thing with principals is not deleted, and the version is looked at first")
    func delete() throws {
        try pump.checkDelete(expectedVersion: 1, hasPrincipals: false)
        #expect(throws: RegistryRefusal.thingHasPrincipals(thing: "pump7")) {
            try pump.checkDelete(expectedVersion: nil, hasPrincipals: true)
        }
        #expect(throws: RegistryRefusal.versionConflict(thing: "pump7", expected: 4, current: 1)) {
            try pump.checkDelete(expectedVersion: 4, hasPrincipals: true)
        }
    }

    @Test("Configuration is type, attributes and billing group, not id or version")
    func sameConfiguration() {
        #expect(pump.hasSameConfiguration(as: ThingRecord(
            name: "pump7", id: "id-2", attributes: ["line": "4", "site": "north"], version: 9)))
        #expect(!pump.hasSameConfiguration(as: ThingRecord(name: "pump7", id: "id-1")))
        var typed = pump
        typed.typeName = "pump"
        #expect(!pump.hasSameConfiguration(as: typed))
        var billed = pump
        billed.billingGroupName = "plant"
        #expect(!pump.hasSameConfiguration(as: billed))
    }
}
