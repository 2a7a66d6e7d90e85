internal import AWSModel
internal import IoTDomain
internal import MartletBase

/// Things: names with attributes that policies, shadows and jobs refer to. Thing types and billing groups are not
/// built, so none exists and naming one is not found.
struct ThingService: Sendable {
    let registry: Registry
    let random: any RandomSource
    let limits: ThingAttributeLimits

    func create(_ input: IoT.CreateThing.Input, _ call: CallContext) async throws -> IoT.CreateThing.Output {
        if let type = input.thingTypeName { throw ServiceFailure.missing("Thing type", type) }
        if let group = input.billingGroupName { throw ServiceFailure.missing("Billing group", group) }
        let thing = ThingRecord(
            name: input.thingName, id: random.uuid(),
            attributes: ThingRecord.attributes(requested: input.attributePayload?.attributes ?? [:]))
        try thing.checkLimits(limits)
        return try await registry.commit(call) { transaction in
            let key = transaction.keys.thing(thing.name)
            guard let present = try await transaction.read(key) else {
                transaction.put(key, thing)
                return Self.created(thing, call)
            }
            guard present.hasSameConfiguration(as: thing) else {
                throw ServiceFailure.alreadyExists(
                    "Thing '\(thing.name)' already exists with a different configuration", resourceID: thing.name,
                    resourceARN: thing.arn(in: call.realm).description)
            }
            return Self.created(present, call)
        }
    }

    func describe(_ input: IoT.DescribeThing.Input, _ call: CallContext) async throws -> IoT.DescribeThing.Output {
        let thing = try await registry.require(registry.keys(call).thing(input.thingName))
        return IoT.DescribeThing.Output(
            defaultClientId: thing.name, thingName: thing.name, thingId: thing.id,
            thingArn: thing.arn(in: call.realm).description, thingTypeName: thing.typeName,
            attributes: thing.attributes, version: thing.version, billingGroupName: thing.billingGroupName)
    }

    func update(_ input: IoT.UpdateThing.Input, _ call: CallContext) async throws -> IoT.UpdateThing.Output {
        if let type = input.thingTypeName {
            guard input.removeThingType != true else {
                throw ServiceFailure.invalidRequest(
                    "thingTypeName '\(type)' and removeThingType true exclude each other")
            }
            throw ServiceFailure.missing("Thing type", type)
        }
        let change = ThingChange(
            attributes: input.attributePayload?.attributes, merge: input.attributePayload?.merge ?? false,
            removeType: input.removeThingType ?? false, expectedVersion: input.expectedVersion)
        return try await registry.commit(call) { transaction in
            let key = transaction.keys.thing(input.thingName)
            let thing = try await transaction.require(key)
            transaction.put(key, try thing.applying(change, limits: limits))
            return IoT.UpdateThing.Output()
        }
    }

    /// Deleting what is not there succeeds (api-wire.md section 5).
    func delete(_ input: IoT.DeleteThing.Input, _ call: CallContext) async throws -> IoT.DeleteThing.Output {
        try await registry.commit(call) { transaction in
            let key = transaction.keys.thing(input.thingName)
            if let thing = try await transaction.read(key) {
                let principals = try await transaction.first(1, transaction.keys.principals(of: thing.name))
                try thing.checkDelete(expectedVersion: input.expectedVersion, hasPrincipals: !principals.isEmpty)
                transaction.delete(key)
            }
            return IoT.DeleteThing.Output()
        }
    }

    private static func created(_ thing: ThingRecord, _ call: CallContext) -> IoT.CreateThing.Output {
        IoT.CreateThing.Output(
            thingName: thing.name, thingArn: thing.arn(in: call.realm).description, thingId: thing.id)
    }
}
