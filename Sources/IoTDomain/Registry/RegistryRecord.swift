package import MartletBase

/// A record of the registry. Its JSON form is what is stored, so member names never change.
package protocol RegistryRecord: Hashable, Sendable {
    init(json: JSONValue) throws(RecordFormatError)
    var json: JSONValue { get }
}

extension ThingRecord: RegistryRecord {}
extension CertificateRecord: RegistryRecord {}
extension PolicyRecord: RegistryRecord {}
extension PolicyVersionRecord: RegistryRecord {}
extension AttachedPoliciesRecord: RegistryRecord {}
extension PolicyTargetRecord: RegistryRecord {}
extension ThingPrincipalRecord: RegistryRecord {}
