/// Whether a filter matches a topic, written as simply as it can be: the simulation does not ask the broker's own index.
func matches(_ filter: String, _ topic: String) -> Bool {
    var levels = topic.split(separator: "/", omittingEmptySubsequences: false)[...]
    for part in filter.split(separator: "/", omittingEmptySubsequences: false) {
        if part == "#" { return true }
        guard let level = levels.popFirst(), part == "+" || part == level else { return false }
    }
    return levels.isEmpty
}

/// The filter of a shared subscription without its group; others as they are.
func withoutShare(_ filter: String) -> String {
    guard filter.hasPrefix("$share/") else { return filter }
    return filter.split(separator: "/", maxSplits: 2).last.map(String.init) ?? filter
}
