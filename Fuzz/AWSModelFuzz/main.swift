import AWSModel
import FuzzDriver
import MartletBase

/// What the fuzzer varies: `METHOD URI`, a line feed, and the body. Whatever comes, the request is decoded or refused.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    let parts = input.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
    let words = parts[0].split(separator: UInt8(ascii: " "), maxSplits: 1)
    let request = RawRequest(
        method: words.first.map { String(decoding: $0, as: UTF8.self) } ?? "GET",
        uri: words.count > 1 ? String(decoding: words[1], as: UTF8.self) : "/",
        headers: [(name: "x-amzn-principal", value: "p")], body: parts.count > 1 ? Array(parts[1]) : [])
    for route in Router.candidates(method: request.method, rawPath: request.rawPath) {
        _ = try? RequestDecoder.decode(route.operation, labels: route.labels, request: request)
    }
    if let value = try? JSONParser.parse(request.body) {
        guard let again = try? JSONParser.parse(JSONWriter.bytes(value)), again == value else {
            preconditionFailure("writing is not the inverse of reading")
        }
    }
    return 0
}

runFuzzer(fuzzOneInput)
