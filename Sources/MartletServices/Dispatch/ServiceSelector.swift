package import AWSModel
package import MartletBase

/// Decides which service a request is for, whose account it acts on and who asks (api-wire.md section 1,
/// architecture.md "Ports and profiles"). Three paths exist in two services, so the credential scope comes before the
/// path.
package struct ServiceSelector: Hashable, Sendable {
    package enum Profile: Hashable, Sendable {
        /// Any credentials are accepted and allow everything.
        case dev
        /// Signatures are not verified yet, so signed requests are refused (architecture.md "Until it is built").
        case production
    }

    /// What TLS knows of the other side.
    package enum Peer: Hashable, Sendable {
        /// A verified certificate and the account that has it.
        case certificate(CertificateID, AccountID)
        case none
    }

    package struct Selection: Hashable, Sendable {
        /// In the order in which their routes are tried. More than one only where their routes do not overlap.
        package let services: [Service]
        package let realm: Realm
        package let caller: Caller
        /// The region of the credential scope when it is not the server's. Dev answers as the server's region; the
        /// caller of this function logs it once.
        package let foreignRegion: String?

        package init(services: [Service], realm: Realm, caller: Caller, foreignRegion: String? = nil) {
            self.services = services
            self.realm = realm
            self.caller = caller
            self.foreignRegion = foreignRegion
        }
    }

    package let profile: Profile
    /// The server's region, and the account for requests that name none.
    package let realm: Realm

    package init(profile: Profile, realm: Realm) {
        self.profile = profile
        self.realm = realm
    }

    /// - Parameters:
    ///   - authorization: the `Authorization` header, nil when there is none. A signature goes before a certificate.
    ///   - peer: the other side of the TLS connection, `.none` without TLS or certificate.
    /// - Throws: the 403 of the front door, or 404 for a service that is not one of the four.
    package func select(authorization: String?, peer: Peer) throws(ServiceFailure) -> Selection {
        guard let authorization else { return try unsigned(peer) }
        let scope: CredentialScope
        do throws(CredentialScope.ParseError) {
            scope = try CredentialScope(authorization: authorization)
        } catch {
            throw ServiceFailure("IncompleteSignatureException", error.message)
        }
        guard let service = Service(signingName: scope.service) else {
            throw .unknownOperation(
                "The credential scope names the service '\(scope.service)', which is not served here")
        }
        guard profile == .dev else {
            throw .accessDenied(
                "Signatures are not verified yet, so the production profile refuses every signed call; "
                    + "fill the registry in the dev profile on the same data directory")
        }
        return Selection(
            services: [service],
            realm: Realm(region: realm.region, account: AccountID(scope.accessKeyID) ?? realm.account),
            caller: .iam(accessKeyID: scope.accessKeyID),
            foreignRegion: scope.region == realm.region ? nil : scope.region)
    }

    private func unsigned(_ peer: Peer) throws(ServiceFailure) -> Selection {
        switch peer {
        case .certificate(let id, let account):
            return Selection(
                services: Self.dataPlane, realm: Realm(region: realm.region, account: account),
                caller: .certificate(id))
        case .none:
            guard profile == .dev else { throw .missingAuthenticationToken }
            return Selection(services: Self.dataPlane, realm: realm, caller: .anonymous)
        }
    }

    /// Routes of these two never overlap, so an unsigned request needs no more than its path.
    package static let dataPlane: [Service] = [.iotData, .iotJobsData]
}

extension ServiceFailure {
    /// An unsigned request that is not for the data plane, or in production has no certificate either.
    package static let missingAuthenticationToken = ServiceFailure(
        "MissingAuthenticationTokenException", "Missing Authentication Token: the request is not signed")
}
