package import MartletBase

/// The first thing after the account in every key. The numbers are on disk: a number keeps its meaning for ever, a
/// retired one is never given again.
package enum DocumentKind: UInt8, Hashable, Sendable, CaseIterable {
    case thing = 1
    case thingByType = 2
    case thingByAttribute = 3
    case thingPrincipal = 4
    case principalThing = 5

    case certificate = 10
    case certificateByCreation = 11
    case certificateAccount = 12

    case policy = 20
    case policyVersion = 21
    case policyTarget = 22
    case targetPolicies = 23

    case shadow = 30
    case serviceProgress = 31
}

/// The layout of all keys. A key is (account, kind, parts...); the few entries that are looked up before an account is
/// known begin with their kind, and no account's prefix covers them.
///
/// | kind | parts | what it is |
/// |---|---|---|
/// | thing | name | the thing; its name is also the client id under which a policy's thing variables find it |
/// | thingByType | type, thing | index: things of a type |
/// | thingByAttribute | attribute, value, thing | index: things with an attribute |
/// | thingPrincipal | thing, principal | attachment, seen from the thing |
/// | principalThing | principal, thing | the same attachment, seen from the principal |
/// | certificate | id | the certificate |
/// | certificateByCreation | milliseconds, id | index: certificates in the order of their creation; a second entry |
/// | | | with negated milliseconds gives the newest first, since a scan only goes forward |
/// | certificateAccount | id, account | no account before it: whose certificate a TLS peer shows |
/// | policy | name | the policy |
/// | policyVersion | name, number | one version of it |
/// | policyTarget | policy, target | attachment, seen from the policy |
/// | targetPolicies | target | the same attachments, seen from the target: one document with all names |
/// | shadow | thing, shadow | a shadow, or the tombstone of one; the classic shadow has the empty name |
/// | serviceProgress | service | no account before it: how far a service has told of the changes that are its own |
///
/// Index entries and both sides of an attachment are documents, written in the commit that changes what they point
/// at. A principal or target is written as the API names it: the ARN of a certificate or thing group, or a Cognito
/// identity id.
///
/// To add a kind: give it the next free number of its area in `DocumentKind`, a row above, a function for its key and
/// one for each prefix that is scanned. The last part is the name of the document that an index entry points at, so
/// that `KeyBytes.lastString` reads it.
package enum KeySpace {
    /// Everything that an account owns.
    package static func account(_ account: AccountID) -> KeyBytes { KeyBytes(.account(account)) }

    /// All of one kind in one account: what a list operation scans.
    package static func all(_ kind: DocumentKind, in account: AccountID) -> KeyBytes {
        KeyBytes(.account(account), .kind(kind))
    }
}

extension KeySpace {
    package static func thing(_ account: AccountID, _ name: String) -> KeyBytes {
        all(.thing, in: account).appending(.string(name))
    }

    /// The thing whose record the key names; nil for any other key.
    package static func thingNamed(by key: KeyBytes) -> (AccountID, String)? {
        guard let parts = key.components, parts.count == 3, case .account(let account) = parts[0],
            case .kind(.thing) = parts[1], case .string(let name) = parts[2]
        else { return nil }
        return (account, name)
    }

    package static func things(_ account: AccountID, ofType type: String) -> KeyBytes {
        all(.thingByType, in: account).appending(.string(type))
    }

    package static func thingByType(_ account: AccountID, type: String, thing: String) -> KeyBytes {
        things(account, ofType: type).appending(.string(thing))
    }

    package static func things(_ account: AccountID, attribute: String, value: String) -> KeyBytes {
        all(.thingByAttribute, in: account).appending(.string(attribute), .string(value))
    }

    /// For ListThings with `usePrefixAttributeValue`.
    package static func things(_ account: AccountID, attribute: String, valueStart: String) -> KeyBytes {
        all(.thingByAttribute, in: account).appending(.string(attribute)).appending(stringStart: valueStart)
    }

    package static func thingByAttribute(
        _ account: AccountID, attribute: String, value: String, thing: String
    ) -> KeyBytes {
        things(account, attribute: attribute, value: value).appending(.string(thing))
    }

    package static func principals(_ account: AccountID, ofThing thing: String) -> KeyBytes {
        all(.thingPrincipal, in: account).appending(.string(thing))
    }

    package static func thingPrincipal(_ account: AccountID, thing: String, principal: String) -> KeyBytes {
        principals(account, ofThing: thing).appending(.string(principal))
    }

    package static func things(_ account: AccountID, ofPrincipal principal: String) -> KeyBytes {
        all(.principalThing, in: account).appending(.string(principal))
    }

    package static func principalThing(_ account: AccountID, principal: String, thing: String) -> KeyBytes {
        things(account, ofPrincipal: principal).appending(.string(thing))
    }
}

extension KeySpace {
    package static func certificate(_ account: AccountID, _ id: CertificateID) -> KeyBytes {
        all(.certificate, in: account).appending(.string(id.text))
    }

    package static func certificateByCreation(
        _ account: AccountID, created: WallInstant, _ id: CertificateID
    ) -> KeyBytes {
        all(.certificateByCreation, in: account)
            .appending(.integer(created.millisecondsSinceEpoch), .string(id.text))
    }

    /// The accounts that have this certificate; each key ends with one.
    package static func accounts(ofCertificate id: CertificateID) -> KeyBytes {
        KeyBytes(.kind(.certificateAccount), .string(id.text))
    }

    package static func certificateAccount(_ id: CertificateID, _ account: AccountID) -> KeyBytes {
        accounts(ofCertificate: id).appending(.account(account))
    }
}

extension KeySpace {
    package static func policy(_ account: AccountID, _ name: String) -> KeyBytes {
        all(.policy, in: account).appending(.string(name))
    }

    package static func versions(_ account: AccountID, ofPolicy name: String) -> KeyBytes {
        all(.policyVersion, in: account).appending(.string(name))
    }

    package static func policyVersion(_ account: AccountID, _ name: String, _ number: Int) -> KeyBytes {
        versions(account, ofPolicy: name).appending(.integer(Int64(number)))
    }

    package static func targets(_ account: AccountID, ofPolicy policy: String) -> KeyBytes {
        all(.policyTarget, in: account).appending(.string(policy))
    }

    package static func policyTarget(_ account: AccountID, policy: String, target: String) -> KeyBytes {
        targets(account, ofPolicy: policy).appending(.string(target))
    }

    /// One document with the names of all policies of a target, so that a CONNECT reads it at once and the limit of
    /// ten holds by compare-and-set.
    package static func targetPolicies(_ account: AccountID, target: String) -> KeyBytes {
        all(.targetPolicies, in: account).appending(.string(target))
    }
}

extension KeySpace {
    package static func shadows(_ account: AccountID, ofThing thing: String) -> KeyBytes {
        all(.shadow, in: account).appending(.string(thing))
    }

    package static func shadow(_ account: AccountID, thing: String, shadow: String) -> KeyBytes {
        shadows(account, ofThing: thing).appending(.string(shadow))
    }

    /// The shadow that the key names, nil as its name for the classic one; nil for any other key.
    package static func shadowNamed(by key: KeyBytes) -> (account: AccountID, thing: String, shadow: String?)? {
        guard let parts = key.components, parts.count == 4, case .account(let account) = parts[0],
            case .kind(.shadow) = parts[1], case .string(let thing) = parts[2], case .string(let shadow) = parts[3]
        else { return nil }
        return (account, thing, shadow.isEmpty ? nil : shadow)
    }

    package static func serviceProgress(_ service: String) -> KeyBytes {
        KeyBytes(.kind(.serviceProgress), .string(service))
    }
}
