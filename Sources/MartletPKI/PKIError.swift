package import MartletBase

/// Why the authority could not be opened, or a certificate could not be issued or read. Its description is one
/// sentence that names the file or the value at fault.
package enum PKIError: Error, Hashable, Sendable {
    case fileUnreadable(file: String, problem: String)
    case fileUnwritable(file: String, problem: String)
    case fileMalformed(file: String, expected: String)
    /// `ca.pem` is there and `ca.key` is not.
    case authorityKeyMissing(file: String)
    case authorityMismatch(certificateFile: String, keyFile: String)
    case authorityNotCA(file: String)
    case authorityNotValidNow(file: String, notBefore: WallInstant, notAfter: WallInstant)
    /// Neither a host name of RFC 1123 nor an IP address.
    case serverNameInvalid(String)
    case certificateTooLarge(size: Int, limit: Int)
    case certificateMalformed(part: String)
    /// A key or signature algorithm that this server cannot check.
    case certificateAlgorithmUnsupported(part: String)
    case csrTooLong(characters: Int, limit: Int)
    case csrMalformed
    case csrSignatureInvalid
    case csrKeyUnsupported(key: String)
    case keyQueueFull(limit: Int)
    case keyGenerationFailed
    case signingFailed
}

extension PKIError: Reason {
    package var code: String {
        switch self {
        case .fileUnreadable: "pkiFileUnreadable"
        case .fileUnwritable: "pkiFileUnwritable"
        case .fileMalformed: "pkiFileMalformed"
        case .authorityKeyMissing: "authorityKeyMissing"
        case .authorityMismatch: "authorityMismatch"
        case .authorityNotCA: "authorityNotCA"
        case .authorityNotValidNow: "authorityNotValidNow"
        case .serverNameInvalid: "serverNameInvalid"
        case .certificateTooLarge: "certificateTooLarge"
        case .certificateMalformed: "certificateMalformed"
        case .certificateAlgorithmUnsupported: "certificateAlgorithmUnsupported"
        case .csrTooLong: "csrTooLong"
        case .csrMalformed: "csrMalformed"
        case .csrSignatureInvalid: "csrSignatureInvalid"
        case .csrKeyUnsupported: "csrKeyUnsupported"
        case .keyQueueFull: "keyQueueFull"
        case .keyGenerationFailed: "keyGenerationFailed"
        case .signingFailed: "signingFailed"
        }
    }

    package var evidence: [Evidence] {
        switch self {
        case .fileUnreadable(let file, let problem), .fileUnwritable(let file, let problem):
            [Evidence("file", file), Evidence("problem", problem)]
        case .fileMalformed(let file, let expected): [Evidence("file", file), Evidence("expected", expected)]
        case .authorityKeyMissing(let file), .authorityNotCA(let file): [Evidence("file", file)]
        case .authorityMismatch(let certificateFile, let keyFile):
            [Evidence("certificateFile", certificateFile), Evidence("keyFile", keyFile)]
        case .authorityNotValidNow(let file, let notBefore, let notAfter):
            [
                Evidence("file", file), Evidence("notBefore", notBefore.iso8601),
                Evidence("notAfter", notAfter.iso8601),
            ]
        case .serverNameInvalid(let name): [Evidence("name", name)]
        case .certificateTooLarge(let size, let limit): [Evidence("size", size), Evidence("limit", limit)]
        case .certificateMalformed(let part), .certificateAlgorithmUnsupported(let part): [Evidence("part", part)]
        case .csrTooLong(let characters, let limit): [Evidence("characters", characters), Evidence("limit", limit)]
        case .csrKeyUnsupported(let key): [Evidence("key", key)]
        case .keyQueueFull(let limit): [Evidence("limit", limit)]
        case .csrMalformed, .csrSignatureInvalid, .keyGenerationFailed, .signingFailed: []
        }
    }

    package var description: String {
        switch self {
        case .fileUnreadable(let file, let problem): "\(file) cannot be read: \(problem)."
        case .fileUnwritable(let file, let problem): "\(file) cannot be written: \(problem)."
        case .fileMalformed(let file, let expected):
            "\(file) does not hold \(expected); restore it from a backup, it is never overwritten."
        case .authorityKeyMissing(let file):
            "\(file), the authority's private key, is missing although its certificate is there; restore it from a backup."
        case .authorityMismatch(let certificateFile, let keyFile):
            "\(keyFile) is not the private key of the certificate in \(certificateFile); restore the pair from a backup."
        case .authorityNotCA(let file):
            "\(file) is not the certificate of a certificate authority (basicConstraints CA is not set)."
        case .authorityNotValidNow(let file, let notBefore, let notAfter):
            "\(file) is valid from \(notBefore.iso8601) to \(notAfter.iso8601), which is not now; check the clock."
        case .serverNameInvalid(let name): "'\(name)' is neither a host name nor an IP address."
        case .certificateTooLarge(let size, let limit):
            "The certificate has \(size) bytes; at most \(limit) are accepted."
        case .certificateMalformed(let part): "The certificate cannot be read: its \(part) is malformed."
        case .certificateAlgorithmUnsupported(let part): "The certificate's \(part) is not supported."
        case .csrTooLong(let characters, let limit):
            "The certificate signing request has \(characters) characters; at most \(limit) are accepted."
        case .csrMalformed: "The certificate signing request is not a PEM-encoded PKCS#10 request."
        case .csrSignatureInvalid: "The signature of the certificate signing request does not match its public key."
        case .csrKeyUnsupported(let key):
            "The certificate signing request has \(key); RSA of 2048 bits or more, P-256, P-384 and P-521 are accepted."
        case .keyQueueFull(let limit): "\(limit) key pairs are already waiting to be made; try again later."
        case .keyGenerationFailed: "The RSA key pair could not be made."
        case .signingFailed: "The authority could not sign the certificate."
        }
    }
}
