import MartletBase
import MartletStore

/// `martlet store check`: reads every byte of a data directory and says what is not as it should be. Offline and beside
/// a running server; it changes nothing.
package struct StoreCheck {
    private let place: StorePlace
    private let log: LogPicture
    private let documents: DocumentLook
    private let findings: [LogFinding]

    package init(_ place: StorePlace) throws(ServerFailure) {
        try place.check()
        self.place = place
        log = try place.log()
        documents = try place.documents(checks: true)
        // Beside a server the log was not read at one moment, so its records may not fit each other.
        let references = place.serverPID == nil ? LogReferences.check(log) : []
        let missing = DirectoryLook.missingStores(place.path).map { LogFinding(.missingStore, place.path + "/" + $0, nil, "it is missing") }
        findings = missing + log.findings + references + documents.findings
    }

    package var problemCount: Int { findings.count { !$0.isHarmless } }

    package var text: String {
        let lines = findings.map { finding in
            let offset = finding.offset.map { ":\($0)" } ?? ""
            return "\(finding.file)\(offset): \(finding.code.rawValue)\(finding.isHarmless ? " (note)" : ""): \(StoreText.name(finding.sentence))\n"
        }
        return lines.joined() + summary
    }

    private var summary: String {
        let records = log.written.values.reduce(0) { $0 + $1.count }
        let beside = place.serverPID == nil ? "" : " beside a running server (without what records say of one another)"
        return "checked\(beside): \(StoreText.plural(log.segments.count, "segment")) with \(StoreText.plural(records, "record")), "
            + "\(StoreText.bytes(log.totalBytes)), and \(StoreText.plural(documents.rows["document"] ?? 0, "document")): "
            + "\(StoreText.plural(problemCount, "finding")), \(StoreText.plural(findings.count - problemCount, "note"))\n"
    }
}
