import IoTPolicy
import MartletBase
import Testing

@Suite struct VariableTests {
    static let certificate = CertificateFacts(
        certificateID: "9f2c", serialNumberHex: "0A1B",
        subject: [
            "CommonName": ["pump-7"], "Country": ["DE", "FR", "IT", "ES", "PT", "GR"],
            "Organization": ["Acme, \"Inc\""],
            "Title": ["a*b"], "Surname": [String(repeating: "x", count: 1025)], "DistinguishedNameQualifier": ["q"],
            "OrganizationalUnit": ["ou"], "State": ["st"], "SerialNumber": ["sn"], "GivenName": ["gn"],
            "Initials": ["in"], "Pseudonym": ["ps"], "GenerationQualifier": ["gq"],
        ],
        issuer: ["CommonName": ["ca"]],
        subjectAlternativeNames: [
            "RFC822Name": ["a@b"], "DNSName": ["h.example", "i.example"], "DirectoryName": ["CN=x\\, y"],
            "UniformResourceIdentifier": ["urn:a=b"], "IPAddress": ["192.0.2.9"],
        ],
        issuerAlternativeNames: ["DNSName": ["ca.example"]])
    static let thing = ThingFacts(
        name: "pump7", typeName: "pump", attributes: ["site": "north", "a,b": "comma", "Site": "other"],
        isAttached: true)
    static let context = caller(
        clientID: "client:1", domainName: "IoT.Example.com", thing: thing, certificate: certificate,
        extra: ["cognito-identity.amazonaws.com:sub": ["eu:1"], "cognito-identity.amazonaws.com:amr": ["a", "b"]])

    static let values: [(variable: String, value: String?)] = [
        ("iot:ClientId", "client:1"), ("IOT:CLIENTID", "client:1"), (" iot:ClientId ", "client:1"),
        ("aws:SourceIp", "192.0.2.7"), ("iot:SourceIp", nil), ("iot:DomainName", "iot.example.com"),
        ("iot:Connection.Thing.ThingName", "pump7"), ("iot:Connection.Thing.ThingTypeName", "pump"),
        ("iot:Connection.Thing.Attributes[site]", "north"), ("iot:Connection.Thing.Attributes[Site]", "other"),
        ("iot:connection.thing.attributes[site]", "north"), ("iot:Connection.Thing.Attributes[a,b]", "comma"),
        ("iot:Connection.Thing.Attributes[none]", nil), ("iot:Connection.Thing.Attributes[]", nil),
        ("iot:Connection.Thing.IsAttached", "true"), ("iot:CertificateId", "9f2c"),
        ("iot:Certificate.SerialNumber", "0A1B"), ("iot:Certificate.AvailableKeys", nil),
        ("iot:Certificate.Subject.DistinguishedNameQualifier", "q"), ("iot:Certificate.Subject.Country", "DE"),
        ("iot:Certificate.Subject.Country.1", "FR"), ("iot:Certificate.Subject.Country.4", "PT"),
        ("iot:Certificate.Subject.Country.5", nil), ("iot:Certificate.Subject.Country.0", nil),
        ("iot:Certificate.Subject.Country.01", nil), ("iot:Certificate.Subject.Country.List", nil),
        ("iot:Certificate.Subject.CommonName.List", nil), ("iot:Certificate.Subject.CommonName.1", nil),
        ("iot:Certificate.Subject.Organization", "Acme\\, \\\"Inc\\\""),
        ("iot:Certificate.Subject.OrganizationalUnit", "ou"), ("iot:Certificate.Subject.State", "st"),
        ("iot:Certificate.Subject.CommonName", "pump-7"), ("iot:certificate.subject.commonname", "pump-7"),
        ("iot:Certificate.Subject.SerialNumber", "sn"), ("iot:Certificate.Subject.GivenName", "gn"),
        ("iot:Certificate.Subject.Initials", "in"), ("iot:Certificate.Subject.Pseudonym", "ps"),
        ("iot:Certificate.Subject.GenerationQualifier", "gq"),
        ("iot:Certificate.Subject.Title", "${iot:Certificate.Subject.Title}"),
        ("iot:Certificate.Subject.Surname", "${iot:Certificate.Subject.Surname}"),
        ("iot:Certificate.Subject.AlternativeName.RFC822Name", "a@b"),
        ("iot:Certificate.Subject.AlternativeName.DNSName.1", "i.example"),
        ("iot:Certificate.Subject.AlternativeName.DirectoryName", "CN=x\\, y"),
        ("iot:Certificate.Subject.AlternativeName.UniformResourceIdentifier", "urn:a=b"),
        ("iot:Certificate.Subject.AlternativeName.IPAddress", "192.0.2.9"),
        ("iot:Certificate.Issuer.CommonName", "ca"), ("iot:Certificate.Issuer.Country", nil),
        ("iot:Certificate.Issuer.AlternativeName.DNSName", "ca.example"),
        ("iot:Certificate.Issuer.AlternativeName.CommonName", nil), ("iot:Certificate.Nonsense", nil),
        ("cognito-identity.amazonaws.com:sub", "eu:1"), ("cognito-identity.amazonaws.com:amr", nil),
        ("credentials-iot:ThingName", nil), ("aws:CurrentTime", nil), ("iot:ConnectAttributes", nil),
        ("aws:SecureTransport", "true"), ("*", "*"), ("?", "?"), ("$", "$"),
        ("none:such, 'fall * back'", "fall * back"), ("none:such , '}'  ", "}"), ("none:such, ''", ""),
        ("iot:ClientId, 'other'", "client:1"), ("iot:Certificate.Subject.Country.9, 'XX'", "XX"),
    ]

    @Test("A variable in a resource has its documented value, and none matches nothing", arguments: values)
    func substitutes(_ row: (variable: String, value: String?)) throws {
        let authorizer = try authorizer(
            Self.context, statement("Allow", "iot:Publish", .string(arnPrefix + "topic/a/${\(row.variable)}/z")))
        let decision = authorizer.decision(.publish, "a/\(row.value ?? "")/z")
        #expect(decision.isAllowed == (row.value != nil))
        #expect(authorizer.allows(.publish, "a/\(row.value ?? "")/z") == (row.value != nil))
        #expect(!authorizer.allows(.publish, "a/\(row.value ?? "")q/z"))
        #expect(!authorizer.allows(.publish, "a/${\(row.variable)}/z") || row.value?.hasPrefix("$") == true)
        #expect(decision.unresolvedVariables.isEmpty == (row.value != nil))
    }

    @Test("A variable in a condition value has the same value", arguments: values)
    func substitutesInConditions(_ row: (variable: String, value: String?)) throws {
        let context = caller(
            clientID: "client:1", domainName: "IoT.Example.com", thing: Self.thing, certificate: Self.certificate,
            extra: [
                "cognito-identity.amazonaws.com:sub": ["eu:1"], "cognito-identity.amazonaws.com:amr": ["a", "b"],
                "x:probe": ["<\(row.value ?? "")>"],
            ])
        for name in ["StringEquals", "StringLike"] {
            let condition: JSONValue = .object([name: .object(["x:probe": .string("<${\(row.variable)}>")])])
            let authorizer = try authorizer(context, statement("Allow", "iot:Publish", "*", condition))
            #expect(authorizer.allows(.publish, "a") == (row.value != nil), "\(name)")
            #expect(authorizer.decision(.publish, "a").isAllowed == (row.value != nil), "\(name)")
        }
    }

    @Test("Documents of 2008 take variables as text")
    func literalIn2008() throws {
        for version: JSONValue? in ["2008-10-17", nil] {
            var members = JSONObject([
                ("Statement", statement("Allow", "iot:Publish", .string(arnPrefix + "topic/${iot:ClientId}/${")))
            ])
            members["Version"] = version
            let authorizer = Authorizer(policies: [try policy(.object(members))], context: caller())
            #expect(authorizer.allows(.publish, "${iot:ClientId}/${"))
            #expect(!authorizer.allows(.publish, "pump7/${"))
            #expect(authorizer.decision(.publish, "${iot:ClientId}/${").isAllowed)
        }
    }

    @Test("Wildcards in a value are text", arguments: ["*", "?", "a*", "**"])
    func valuesAreLiteral(clientID: String) throws {
        let authorizer = try authorizer(
            caller(clientID: clientID), statement("Allow", "iot:Publish", .string(arnPrefix + "topic/${iot:ClientId}")))
        #expect(authorizer.allows(.publish, clientID))
        #expect(!authorizer.allows(.publish, "abc"))
        #expect(!authorizer.allows(.publish, "x"))
        let like = try likeAuthorizer(clientID, value: "abc")
        #expect(!like.allows(.publish, "t"))
        #expect(try likeAuthorizer(clientID, value: clientID).allows(.publish, "t"))
    }

    private func likeAuthorizer(_ clientID: String, value: String) throws -> Authorizer {
        try authorizer(
            caller(clientID: clientID, extra: ["x:y": [value]]),
            statement("Allow", "iot:Publish", "*", ["StringLike": ["x:y": "${iot:ClientId}"]]))
    }

    @Test("An over-long value is not substituted")
    func limitsValues() throws {
        for (length, isAllowed) in [(1024, true), (1025, false)] {
            let clientID = String(repeating: "a", count: length)
            let authorizer = try authorizer(
                caller(clientID: clientID),
                statement("Allow", "iot:Publish", .string(arnPrefix + "topic/*${iot:ClientId}*")))
            #expect(authorizer.allows(.publish, clientID) == isAllowed)
            #expect(authorizer.decision(.publish, clientID).isAllowed == isAllowed)
        }
    }

    @Test("Unresolved: an Allow fails, a Deny does not fire, a NotResource fails closed, other entries still count")
    func unresolved() throws {
        let bad: JSONValue = .string(arnPrefix + "topic/${none:such}/*")
        let good: JSONValue = .string(arnPrefix + "topic/a")
        #expect(try !authorizer(caller(), statement("Allow", "*", bad)).allows(.publish, "a"))
        #expect(try authorizer(caller(), statement("Allow", "*", .array([bad, good]))).allows(.publish, "a"))
        #expect(
            try authorizer(caller(), statement("Allow", "*", "*"), statement("Deny", "*", bad)).allows(.publish, "a"))
        let allow: JSONValue = ["Effect": "Allow", "Action": "*", "NotResource": bad]
        #expect(try !authorizer(caller(), allow).allows(.publish, "a"))
        #expect(try !authorizer(caller(), allow).decision(.publish, "a").isAllowed)
        let deny: JSONValue = ["Effect": "Deny", "Action": "*", "NotResource": .array([bad, good])]
        let denying = try authorizer(caller(), statement("Allow", "*", "*"), deny)
        #expect(denying.allows(.publish, "a"))
        #expect(!denying.allows(.publish, "b"))
        #expect(denying.decision(.publish, "b").outcome == .explicitDeny)
    }

    @Test("A condition value with an unresolved variable is skipped")
    func skipsConditionValues() throws {
        func allows(_ name: String, _ values: JSONValue) throws -> Bool {
            let authorizer = try authorizer(
                caller(), statement("Allow", "iot:Publish", "*", .object([name: .object(["iot:ClientId": values])])))
            #expect(authorizer.decision(.publish, "t").isAllowed == authorizer.allows(.publish, "t"))
            return authorizer.allows(.publish, "t")
        }
        #expect(try !allows("StringEquals", ["${none:such}"]))
        #expect(try allows("StringEquals", ["${none:such}", "pump7"]))
        #expect(try allows("StringNotEquals", ["${none:such}"]))
        #expect(try !allows("StringNotEquals", ["${none:such}", "pump7"]))
    }

    @Test("Thing variables need an attached thing; IsAttached needs a connection")
    func thingVariables() throws {
        let loose = ThingFacts(name: "pump7", typeName: "pump", attributes: ["site": "north"], isAttached: false)
        let variables = ["ThingName", "ThingTypeName", "Attributes[site]"]
        for variable in variables {
            let statement = statement("Allow", "*", .string(arnPrefix + "topic/${iot:Connection.Thing.\(variable)}"))
            for topic in ["pump7", "pump", "north"] {
                #expect(try !authorizer(caller(thing: loose), statement).allows(.publish, topic))
                #expect(try !authorizer(caller(clientID: nil, thing: Self.thing), statement).allows(.publish, topic))
            }
        }
        func attached(_ context: PolicyContext, _ value: String) throws -> Bool {
            try authorizer(
                context, statement("Allow", "*", "*", ["Bool": ["iot:Connection.Thing.IsAttached": .string(value)]])
            ).allows(.publish, "t")
        }
        #expect(try attached(caller(thing: Self.thing), "true"))
        #expect(try attached(caller(thing: loose), "false"))
        #expect(try attached(caller(), "false"))
        #expect(try !attached(caller(clientID: nil), "false"))
        #expect(try !attached(caller(clientID: nil), "true"))
    }

    @Test("AvailableKeys lists the certificate variables that have values, and .List all values up to five")
    func certificateLists() throws {
        func allows(_ operation: String, _ key: String, _ values: JSONValue) throws -> Bool {
            try authorizer(
                Self.context, statement("Allow", "*", "*", .object([operation: .object([key: values])]))
            ).allows(.publish, "t")
        }
        let available = "iot:Certificate.AvailableKeys"
        #expect(try allows("ForAnyValue:StringEquals", available, "iot:Certificate.Subject.CommonName"))
        #expect(try allows("ForAnyValue:StringEquals", available, "iot:Certificate.Issuer.AlternativeName.DNSName"))
        #expect(try !allows("ForAnyValue:StringEquals", available, "iot:Certificate.Issuer.Country"))
        let list = "iot:Certificate.Subject.Country.List"
        #expect(try allows("ForAnyValue:StringEquals", list, "PT"))
        #expect(try !allows("ForAnyValue:StringEquals", list, "GR"))
        #expect(try allows("ForAllValues:StringLike", list, "??"))
        #expect(try !allows("ForAllValues:StringEquals", list, ["DE", "FR"]))
        #expect(try allows("StringEquals", "iot:Certificate.Subject.Organization", "Acme\\, \\\"Inc\\\""))
        #expect(try allows("StringEquals", "iot:Certificate.Subject.Title", "a*b"))
    }
}
