internal import IoTDomain
internal import MartletBase
internal import MartletStore

extension Registry {
    /// Records in key order. A page ends when it is full, when the list ends, or when `examinedPerPage` records were
    /// looked at: a filter that few records pass gives short pages with a token. What is added or deleted meanwhile
    /// moves no other record to another page.
    func page<Record>(
        _ request: PageRequest, _ prefix: RecordPrefix<Record>,
        accepting accepts: (Record) -> Bool = { _ in true }
    ) async throws -> Page<Record> {
        var records: [Record] = []
        var after = request.after.map(KeyBytes.init(bytes:))
        var examined = 0
        while examined < examinedPerPage {
            // One more than fits tells whether there is a next page.
            let limit = min(request.size - records.count + 1, examinedPerPage - examined + 1)
            let documents = try await documents.scan(prefix: prefix.bytes, after: after, limit: limit)
            for document in documents {
                guard records.count < request.size, examined < examinedPerPage else {
                    return Page(records: records, nextToken: request.nextToken(after: after?.bytes))
                }
                let record = try Record(body: document.body)
                if accepts(record) { records.append(record) }
                after = document.key
                examined += 1
            }
            guard documents.count == limit else { return Page(records: records, nextToken: nil) }
        }
        return Page(records: records, nextToken: request.nextToken(after: after?.bytes))
    }

    /// Every record of a list, for an order that no key has.
    func all<Record>(_ prefix: RecordPrefix<Record>) async throws -> [Record] {
        var records: [Record] = []
        var after: KeyBytes?
        while true {
            let documents = try await documents.scan(prefix: prefix.bytes, after: after, limit: 1_000)
            for document in documents { records.append(try Record(body: document.body)) }
            guard documents.count == 1_000 else { return records }
            after = documents.last?.key
        }
    }

    /// A page of a list that is short or already in memory, in the order of `elements`.
    ///
    /// - Parameter key: the element's place in that order, as bytes that sort like it.
    static func page<Element>(
        _ request: PageRequest, of elements: [Element], key: (Element) -> [UInt8]
    ) -> Page<Element> {
        var rest = elements[...]
        if let after = request.after {
            rest = rest.drop { !after.lexicographicallyPrecedes(key($0)) }
        }
        let records = Array(rest.prefix(request.size))
        let isLast = rest.count <= request.size
        return Page(records: records, nextToken: isLast ? nil : request.nextToken(after: records.last.map(key)))
    }
}
