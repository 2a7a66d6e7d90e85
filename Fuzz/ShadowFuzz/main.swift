import FuzzDriver
import IoTDomain
import MartletBase

/// What the fuzzer varies: the payload of an update, and after a NUL byte that of a second one. Nothing may trap, and
/// what an accepted update leaves must be readable again and be consistent.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    guard let name = try? ShadowName(thing: "lamp", shadow: "config") else { return 0 }
    var shadow = Shadow(name: name, record: nil)
    for (step, part) in input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false).enumerated() {
        let bytes = Array(part)
        let token = ShadowTokenRequest.parse(bytes)
        guard let change = update(shadow, bytes, nowSeconds: 1_710_000_000 + Int64(step)) else { continue }
        precondition((try? ShadowRecord(bytes: change.record.bytes)) == change.record, "\(change.record.json)")
        for message in change.messages() {
            precondition((try? JSONParser.parse(message.payload)) != nil, "\(message.response)")
        }
        shadow = Shadow(name: name, record: change.record)
        precondition((try? shadow.get(token, nowSeconds: 1_710_000_009)) != nil)
    }
    return 0
}

private func update(_ shadow: Shadow, _ bytes: [UInt8], nowSeconds: Int64) -> ShadowChange? {
    do throws(ShadowError) {
        return try shadow.update(try ShadowUpdateRequest.parse(bytes), nowSeconds: nowSeconds)
    } catch {
        precondition((try? JSONParser.parse(error.payload(nowSeconds: nowSeconds))) != nil, "\(error)")
        return nil
    }
}

runFuzzer(fuzzOneInput)
