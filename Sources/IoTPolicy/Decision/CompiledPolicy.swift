/// One version of a policy, compiled once and shared by every connection that it applies to.
package final class CompiledPolicy: Sendable {
    package let name: String
    package let versionID: String
    package let document: PolicyDocument
    let statements: [CompiledStatement]

    package init(name: String, versionID: String, document: PolicyDocument) {
        self.name = name
        self.versionID = versionID
        self.document = document
        statements = document.statements.enumerated().map { CompiledStatement($1, index: $0, document.version) }
    }

    /// Every action on every resource.
    package static let allowAll = CompiledPolicy(
        name: "allow-all", versionID: "1",
        document: PolicyDocument(
            version: .version2012,
            statements: [
                PolicyStatement(
                    sid: nil, effect: .allow, actions: ["*"], isNotAction: false, resources: ["*"],
                    isNotResource: false, conditions: [])
            ]))
}
