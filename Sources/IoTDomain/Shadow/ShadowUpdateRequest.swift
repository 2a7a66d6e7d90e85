package import MartletBase

/// A request to change a shadow (shadows.md section 4), valid in all that does not depend on what is stored.
package struct ShadowUpdateRequest: Hashable, Sendable {
    /// `state` as it was sent: an object with `desired`, `reported` or both, or null.
    package let state: JSONValue
    package let clientToken: String?
    /// The version that the shadow must have; nil when any will do.
    package let version: Int?

    package var desired: ShadowSectionChange { change(of: "desired") }
    package var reported: ShadowSectionChange { change(of: "reported") }

    private func change(of section: String) -> ShadowSectionChange {
        if state.isNull { return .remove }
        switch state[section] {
        case nil: return .keep
        case .object(let patch): return .merge(patch)
        default: return .remove
        }
    }
}

extension ShadowUpdateRequest {
    /// Steps 1 to 7 of the validation, in that order; the size and the version need the stored shadow.
    package static func parse(_ bytes: [UInt8]) throws(ShadowError) -> ShadowUpdateRequest {
        let root = try root(of: bytes)
        do throws(ShadowRefusal) {
            return try ShadowUpdateRequest(root)
        } catch {
            throw ShadowError(error, clientToken: root["clientToken"].flatMap(ShadowTokenRequest.token))
        }
    }

    private static func root(of bytes: [UInt8]) throws(ShadowError) -> JSONObject {
        let root: JSONValue
        do throws(JSONParseError) {
            root = try JSONParser.parse(bytes)
        } catch {
            // The parser stops at the first fault of any kind, so the encoding is looked at by itself.
            guard String(validating: bytes, as: UTF8.self) != nil else { throw ShadowError(.notUTF8) }
            throw ShadowError(error.code == .tooDeep ? .tooDeep : .invalidJSON)
        }
        guard let members = root.objectValue else { throw ShadowError(.invalidJSON) }
        return members
    }

    private init(_ root: JSONObject) throws(ShadowRefusal) {
        guard let state = root["state"] else { throw .missingState }
        try Self.checkSections(of: state)
        if let token = root["clientToken"], ShadowTokenRequest.token(token) == nil { throw .invalidClientToken }
        guard let version = Self.version(root["version"]) else { throw .invalidVersion }
        guard !state.nests(deeperThan: ShadowLimits.nestingLevels + 1) else { throw .tooDeep }
        guard !state.hasNullInArray else { throw .nullInArray }
        self.state = state
        self.clientToken = root["clientToken"]?.stringValue
        self.version = version
    }

    private static func checkSections(of state: JSONValue) throws(ShadowRefusal) {
        if state.isNull { return }
        guard let sections = state.objectValue else { throw .stateNotObject }
        guard isObjectOrNull(sections["desired"]) else { throw .desiredNotObject }
        guard isObjectOrNull(sections["reported"]) else { throw .reportedNotObject }
        guard sections.names.allSatisfy({ $0 == "desired" || $0 == "reported" }) else { throw .invalidStateNode }
    }

    private static func isObjectOrNull(_ section: JSONValue?) -> Bool {
        guard let section else { return true }
        return section.isNull || section.objectValue != nil
    }

    /// The outer nil says that the member is no whole number, the inner one that there is none.
    private static func version(_ value: JSONValue?) -> Int?? {
        guard let value else { return .some(nil) }
        guard let number = value.numberValue, let version = Int(number.text) else { return nil }
        return version
    }
}
