internal import AWSModel
internal import IoTDomain
internal import MartletBase

/// Certificates attached to things (identity.md section 1 "Thing attachment").
struct ThingPrincipalService: Sendable {
    let registry: Registry

    /// Writes thing and certificate again as they are: DeleteThing, DeleteCertificate and another attachment of the
    /// same certificate then cannot go through beside this one.
    func attach(_ input: IoT.AttachThingPrincipal.Input, _ call: CallContext) async throws
        -> IoT.AttachThingPrincipal.Output
    {
        let id = try PrincipalArgument("principal", input.principal, call.realm).certificate
        let principal = Principal.certificate(id).text(in: call.realm)
        let attachment = ThingPrincipalRecord(
            thingName: input.thingName, principal: principal,
            type: try Self.type(input.thingPrincipalType) ?? .nonExclusive, attachedDate: call.now)
        return try await registry.commit(call) { transaction in
            let keys = transaction.keys
            _ = try await transaction.require(keys.thing(input.thingName))
            _ = try await transaction.require(keys.certificate(id))
            let same = try await transaction.read(keys.thing(of: principal, input.thingName))
            let some = try await transaction.first(2, keys.things(of: principal))
            if try attachment.needsAttaching(beside: some + (same.map { [$0] } ?? [])) {
                transaction.put(keys.thing(of: principal, input.thingName), attachment)
                transaction.putUnread(keys.principal(of: input.thingName, principal), attachment)
                transaction.touch(keys.thing(input.thingName))
                transaction.touch(keys.certificate(id))
            }
            return IoT.AttachThingPrincipal.Output()
        }
    }

    func detach(_ input: IoT.DetachThingPrincipal.Input, _ call: CallContext) async throws
        -> IoT.DetachThingPrincipal.Output
    {
        let id = try PrincipalArgument("principal", input.principal, call.realm).certificate
        let principal = Principal.certificate(id).text(in: call.realm)
        return try await registry.commit(call) { transaction in
            let keys = transaction.keys
            _ = try await transaction.require(keys.thing(input.thingName))
            let key = keys.thing(of: principal, input.thingName)
            guard try await transaction.read(key) != nil else {
                throw ServiceFailure.notFound(
                    "Principal '\(principal)' is not attached to thing '\(input.thingName)'")
            }
            transaction.delete(key)
            transaction.deleteEntry(keys.principal(of: input.thingName, principal).bytes)
            return IoT.DetachThingPrincipal.Output()
        }
    }

    static func type(_ text: String?) throws(ServiceFailure) -> ThingPrincipalType? {
        guard let text else { return nil }
        guard let type = ThingPrincipalType(rawValue: text) else {
            throw .invalidRequest(
                "thingPrincipalType '\(text)' is neither EXCLUSIVE_THING nor NON_EXCLUSIVE_THING")
        }
        return type
    }
}
