/// One page: its records and how to ask for the next one.
struct Page<Element> {
    let records: [Element]
    /// nil on the last page.
    let nextToken: String?
}
