extension ThingPrincipalRecord {
    /// AttachThingPrincipal (identity.md section 1 "Thing attachment"): checks the new attachment against those that
    /// the principal has. Of these the one to the same thing and any one to another thing are enough, because an
    /// exclusive attachment is always the only one.
    ///
    /// - Returns: whether there is something to store; false when the principal is attached in this way already.
    package func needsAttaching(beside present: some Sequence<ThingPrincipalRecord>) throws(RegistryRefusal) -> Bool {
        var isAttached = false
        for other in present {
            if other.thingName == thingName {
                guard other.type == type else {
                    throw .attachmentTypeDiffers(principal: principal, thing: thingName, present: other.type)
                }
                isAttached = true
            } else if type == .exclusive || other.type == .exclusive {
                throw .principalHasOtherThing(principal: principal, thing: other.thingName, type: other.type)
            }
        }
        return !isAttached
    }
}
