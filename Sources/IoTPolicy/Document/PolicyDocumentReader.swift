internal import MartletBase

/// Reads a policy document from JSON and checks all of policies.md section 2 but the size of a stored policy.
enum PolicyDocumentReader {
    /// A document nests six deep; what is deeper is wrong anyway and must not cost stack.
    private static let depthLimit = 16

    static func document(_ text: String) throws(PolicyParseError) -> PolicyDocument {
        guard text.utf8.count <= PolicyDocument.textByteLimit else {
            throw PolicyParseError(.tooLong, at: "", "the text is longer than \(PolicyDocument.textByteLimit) bytes")
        }
        let value = try json(text)
        if let place = DuplicateMemberScanner.firstDuplicate(in: text) {
            throw PolicyParseError(.duplicateElement, at: place, "the element appears twice")
        }
        let root = try object(value, at: "")
        try checkNames(root, known: ["Version", "Id", "Statement"], at: "")
        let version = try version(root["Version"])
        guard let list = root["Statement"] else {
            throw PolicyParseError(.missingElement, at: "", "Statement is missing")
        }
        return PolicyDocument(
            version: version, id: try root["Id"].map { value throws(PolicyParseError) in try string(value, at: "Id") },
            statements: try statements(list, version))
    }

    private static func json(_ text: String) throws(PolicyParseError) -> JSONValue {
        do {
            return try JSONParser.parse(text, depthLimit: depthLimit)
        } catch {
            throw PolicyParseError(.notJSON, at: "", "not JSON: \(error)")
        }
    }

    private static func version(_ value: JSONValue?) throws(PolicyParseError) -> PolicyDocument.Version {
        guard let value else { return .version2008 }
        let text = try string(value, at: "Version")
        guard let version = PolicyDocument.Version(rawValue: text) else {
            throw PolicyParseError(.badVersion, at: "Version", "Version must be 2012-10-17 or 2008-10-17, not \(text)")
        }
        return version
    }

    private static func statements(
        _ value: JSONValue, _ version: PolicyDocument.Version
    ) throws(PolicyParseError) -> [PolicyStatement] {
        guard let list = value.arrayValue else { return [try statement(value, at: "Statement", version)] }
        guard !list.isEmpty else {
            throw PolicyParseError(.emptyList, at: "Statement", "a document needs at least one statement")
        }
        var statements: [PolicyStatement] = []
        for (index, element) in list.enumerated() {
            statements.append(try statement(element, at: "Statement[\(index)]", version))
        }
        return statements
    }

    private static let statementElements = [
        "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition",
    ]

    private static func statement(
        _ value: JSONValue, at place: String, _ version: PolicyDocument.Version
    ) throws(PolicyParseError) -> PolicyStatement {
        let members = try object(value, at: place)
        try checkNames(members, known: statementElements, at: place)
        let sid = try members["Sid"].map { value throws(PolicyParseError) in try string(value, at: place + ".Sid") }
        let effect = try effect(members["Effect"], at: place)
        let actions = try eitherList("Action", of: members, at: place)
        for (item, text) in actions.texts { try checkAction(text, at: item) }
        let resources = try eitherList("Resource", of: members, at: place)
        for (item, text) in resources.texts { try ResourceTemplate.check(text, version, at: item) }
        return PolicyStatement(
            sid: sid, effect: effect, actions: actions.texts.map(\.text), isNotAction: actions.isNegated,
            resources: resources.texts.map(\.text), isNotResource: resources.isNegated,
            conditions: try conditions(members["Condition"], at: place + ".Condition", version))
    }

    private static func effect(
        _ value: JSONValue?, at place: String
    ) throws(PolicyParseError) -> PolicyStatement.Effect {
        guard let value else { throw PolicyParseError(.missingElement, at: place, "Effect is missing") }
        let text = try string(value, at: place + ".Effect")
        guard let effect = PolicyStatement.Effect(rawValue: text) else {
            throw PolicyParseError(.badEffect, at: place + ".Effect", "Effect must be Allow or Deny, not \(text)")
        }
        return effect
    }

    private typealias PlacedText = (place: String, text: String)

    /// `Action` or `NotAction`, `Resource` or `NotResource`: exactly one of the two, a string or a list of strings.
    private static func eitherList(
        _ name: String, of members: JSONObject, at place: String
    ) throws(PolicyParseError) -> (texts: [PlacedText], isNegated: Bool) {
        switch (members[name], members["Not" + name]) {
        case (.some, .some):
            throw PolicyParseError(
                .conflictingElements, at: place, "a statement has either \(name) or Not\(name), not both")
        case (nil, nil):
            throw PolicyParseError(.missingElement, at: place, "\(name) is missing")
        case (let value?, nil): return (try list(value, at: "\(place).\(name)"), false)
        case (nil, let value?): return (try list(value, at: "\(place).Not\(name)"), true)
        }
    }

    private static func list(_ value: JSONValue, at place: String) throws(PolicyParseError) -> [PlacedText] {
        guard let elements = value.arrayValue else { return [(place, try string(value, at: place))] }
        guard !elements.isEmpty else { throw PolicyParseError(.emptyList, at: place, "the list is empty") }
        var texts: [PlacedText] = []
        for (index, element) in elements.enumerated() {
            let item = "\(place)[\(index)]"
            texts.append((item, try string(element, at: item)))
        }
        return texts
    }

    /// `*`, or `iot:` or `iotjobsdata:` and a name that may have wildcards.
    private static func checkAction(_ text: String, at place: String) throws(PolicyParseError) {
        if text == "*" { return }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, ["iot", "iotjobsdata"].contains(parts[0].lowercased()) else {
            throw PolicyParseError(.badAction, at: place, "an action begins with iot: or iotjobsdata:, unlike \(text)")
        }
        let isName = parts[1].unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "*" || $0 == "?")
        }
        guard isName, !parts[1].isEmpty else {
            throw PolicyParseError(.badAction, at: place, "\(text) names no action")
        }
    }

    private static func conditions(
        _ value: JSONValue?, at place: String, _ version: PolicyDocument.Version
    ) throws(PolicyParseError) -> [PolicyStatement.Condition] {
        guard let value else { return [] }
        var conditions: [PolicyStatement.Condition] = []
        for entry in try object(value, at: place) {
            let operatorPlace = "\(place).\(entry.name)"
            guard let condition = ConditionOperator(entry.name) else {
                throw PolicyParseError(.unknownOperator, at: operatorPlace, "there is no operator \(entry.name)")
            }
            for key in try object(entry.value, at: operatorPlace) {
                conditions.append(try self.condition(condition, key, at: "\(operatorPlace).\(key.name)", version))
            }
        }
        return conditions
    }

    private static func condition(
        _ condition: ConditionOperator, _ member: JSONObject.Member, at place: String,
        _ version: PolicyDocument.Version
    ) throws(PolicyParseError) -> PolicyStatement.Condition {
        guard !member.name.isEmpty else {
            throw PolicyParseError(.badConditionValue, at: place, "a condition key is empty")
        }
        var values: [String] = []
        for (index, element) in (member.value.arrayValue ?? [member.value]).enumerated() {
            let item = member.value.arrayValue == nil ? place : "\(place)[\(index)]"
            let text = try scalar(element, at: item)
            try ConditionTemplate.check(text, condition, version, at: item)
            values.append(text)
        }
        return PolicyStatement.Condition(condition: condition, key: member.name, values: values)
    }

    private static func scalar(_ value: JSONValue, at place: String) throws(PolicyParseError) -> String {
        switch value {
        case .string(let text): return text
        case .number(let number): return number.text
        case .bool(let value): return value ? "true" : "false"
        default: throw PolicyParseError(.wrongType, at: place, "expected a string, found \(value.kind)")
        }
    }

    private static func string(_ value: JSONValue, at place: String) throws(PolicyParseError) -> String {
        guard let text = value.stringValue else {
            throw PolicyParseError(.wrongType, at: place, "expected a string, found \(value.kind)")
        }
        return text
    }

    private static func object(_ value: JSONValue, at place: String) throws(PolicyParseError) -> JSONObject {
        guard let object = value.objectValue else {
            throw PolicyParseError(.wrongType, at: place, "expected an object, found \(value.kind)")
        }
        return object
    }

    private static func checkNames(
        _ object: JSONObject, known: [String], at place: String
    ) throws(PolicyParseError) {
        for name in object.names where !known.contains(name) {
            throw PolicyParseError(
                .unknownElement, at: place.isEmpty ? name : "\(place).\(name)", "there is no element \(name)")
        }
    }
}
