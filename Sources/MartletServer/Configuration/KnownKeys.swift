/// Finds the key that a flag, a variable or a name in the file means, or says in one sentence why there is none.
enum KnownKeys {
    private static let byName = Dictionary(uniqueKeysWithValues: ConfigurationKeys.all.map { ($0.name, $0) })
    private static let byFlag = index(KeyEncoding.flag)
    private static let byVariable = index(KeyEncoding.variable)

    private static func index(_ encode: (String) -> String) -> [String: ConfigurationKey] {
        Dictionary(ConfigurationKeys.all.map { (encode($0.name), $0) }) { first, _ in first }
    }

    static func key(flag: String) throws(ServerFailure) -> ConfigurationKey {
        if let key = byFlag[flag] { return key }
        try refuseUnbuilt(flag, separator: "-", encode: KeyEncoding.flag) { "flag \($0)" }
        throw unknown("flag \(flag)", near: flag, among: byFlag.keys)
    }

    static func key(variable: String) throws(ServerFailure) -> ConfigurationKey {
        if let key = byVariable[variable] { return key }
        try refuseUnbuilt(variable, separator: "_", encode: KeyEncoding.variable) { "variable \($0)" }
        throw unknown("variable \(variable)", near: variable, among: byVariable.keys)
    }

    static func check(fileKey name: String, path: String) throws(ServerFailure) {
        if name == "config" { throw .usage("config names the file, so it cannot stand in it (file \(path))") }
        if byName[name] != nil { return }
        try refuseUnbuilt(name, separator: ".", encode: { $0 }) { _ in "file \(path)" }
        throw unknown("key \(name) in the file \(path)", near: name, among: byName.keys)
    }

    private static func refuseUnbuilt(
        _ spelling: String, separator: String, encode: (String) -> String, place: (String) -> String
    ) throws(ServerFailure) {
        let exact = UnbuiltKeys.names.first { encode($0) == spelling }
        let family = UnbuiltKeys.families.first { spelling.hasPrefix(encode($0) + separator) }.map { $0 + ".*" }
        guard let name = exact ?? family else { return }
        throw .usage("\(name) is known but not built yet, so it is refused and not ignored (\(place(spelling)))")
    }

    private static func unknown(_ what: String, near: String, among known: some Sequence<String>) -> ServerFailure {
        let closest = known.map { (distance: EditDistance.between(near, $0), name: $0) }.min { $0 < $1 }
        let hint = closest.flatMap { $0.distance <= 3 ? "; did you mean \($0.name)?" : nil } ?? ""
        return .usage("unknown \(what)\(hint)")
    }
}
