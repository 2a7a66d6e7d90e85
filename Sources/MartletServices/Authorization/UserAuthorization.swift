package import IoTPolicy

/// What decides about a user of the password file: the policies that the file names, and the thing that the client id
/// names. A user is attached to no thing.
package struct UserAuthorization: Sendable {
    /// The default versions, in the order of the file.
    package let policies: [CompiledPolicy]
    /// What the file names and the account does not have.
    package let missingPolicies: [String]
    package let thing: ThingFacts?
}
