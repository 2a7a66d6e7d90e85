internal import MartletBase

/// The content of the `FORMAT` file: whose directory it is, and which version can read it.
struct DirectoryFormat: Hashable, Sendable {
    static let fileName = "FORMAT"
    static let product = "martlet"
    /// Raised by a change that an older version must not touch.
    static let current = DirectoryFormat(number: 2, isComplete: true)
    /// No format file of any version is longer.
    static let maxBytes = 4096

    /// 2: the log of messages names its newest segment (`LogManifest`).
    let number: Int
    /// All stores have been made: one that is not there any more is missing.
    let isComplete: Bool

    var bytes: [UInt8] {
        Array("{\"product\":\"\(Self.product)\",\"format\":\(number),\"complete\":\(isComplete)}\n".utf8)
    }

    init(number: Int, isComplete: Bool) {
        self.number = number
        self.isComplete = isComplete
    }

    /// - Throws: `.corruptFormat` for what is not a format file, `.foreign` for another product's, `.newerFormat`.
    init(_ bytes: [UInt8], path: String, directory: String) throws(DataDirectoryError) {
        let value: JSONValue
        do {
            value = try JSONParser.parse(bytes)
        } catch {
            throw .corruptFormat(path: path, because: "it is not JSON")
        }
        guard let product = value["product"]?.stringValue, let number = value["format"]?.numberValue?.int, number > 0
        else { throw .corruptFormat(path: path, because: "it names no product and format number") }
        guard product == Self.product else { throw .foreign(path: directory, found: "a FORMAT file of \(product)") }
        guard number <= Self.current.number else {
            throw .newerFormat(path: directory, found: number, supported: Self.current.number)
        }
        self.number = number
        isComplete = value["complete"]?.boolValue ?? false
    }
}
