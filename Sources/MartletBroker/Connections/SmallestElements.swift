import HeapModule

/// The smallest elements of a sequence behind a cursor, in order: a page of a list that nobody keeps sorted. Costs
/// memory for one page, however long the list.
struct SmallestElements<Element: Comparable> {
    private var heap = Heap<Element>()
    private let limit: Int
    /// More were seen than there is room for.
    private(set) var hasMore = false

    init(limit: Int) { self.limit = max(1, limit) }

    mutating func add(_ element: Element) {
        guard heap.count == limit else { return heap.insert(element) }
        hasMore = true
        guard let greatest = heap.max, element < greatest else { return }
        heap.replaceMax(with: element)
    }

    var sorted: [Element] { heap.unordered.sorted() }
}

extension String {
    /// The order of lists: by bytes, so that texts that look alike and are not the same have places of their own.
    func isBytewiseBefore(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}
