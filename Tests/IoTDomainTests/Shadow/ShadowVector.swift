import Foundation
import IoTDomain
import MartletBase
import Testing

/// One case of a file in Vectors; the README there says what its members mean.
struct ShadowVector: Sendable, CustomTestStringConvertible {
    let file: String
    let json: JSONValue

    static let files = ["answers", "delta", "errors", "merge", "versions"]
    static let all: [ShadowVector] = files.flatMap { file in
        let url = Bundle.module.url(forResource: file, withExtension: "json", subdirectory: "Vectors")!
        let cases = try! JSONParser.parse(try! Data(contentsOf: url)).arrayValue!
        return cases.map { ShadowVector(file: file, json: $0) }
    }

    var testDescription: String { "\(file): \(json["name"]?.stringValue ?? "")" }
    var steps: [Step] { json["steps"]?.arrayValue?.map(Step.init) ?? [] }

    func name() throws -> ShadowName { try ShadowName(thing: "lamp", shadow: json["shadow"]?.stringValue) }

    var rules: ShadowRules {
        let rules = json["rules"]
        return ShadowRules(
            documentBytes: rules?["documentBytes"]?.numberValue?.int ?? ShadowLimits.documentBytes,
            keepsEmptyObjects: rules?["keepsEmptyObjects"]?.boolValue ?? false)
    }

    struct Step {
        let json: JSONValue

        subscript(_ member: String) -> JSONValue? { json[member] }

        var operation: ShadowOperation? { json["do"]?.stringValue.flatMap(ShadowOperation.init) }
        var nowSeconds: Int64 { Int64(json["at"]?.numberValue?.int ?? 0) }

        var payload: [UInt8] {
            if let value = json["json"] { return JSONWriter.bytes(value) }
            if let text = json["text"]?.stringValue { return Array(text.utf8) }
            return Hex.bytes((json["hex"]?.stringValue ?? "").filter { $0 != " " }) ?? []
        }
    }
}
