import FuzzDriver

/// Plays the bytes as a script for a whole broker with a few connections: `FuzzWorld.step` is its grammar. What a server
/// may never do, whatever clients send, stands in `WireWatch` and `FuzzWorld.checkAll`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var script = FuzzScript(UnsafeBufferPointer(start: start, count: count))
    let world = FuzzWorld(&script)
    for _ in 0..<FuzzWorld.stepLimit where !script.isAtEnd { world.step(&script) }
    world.finish()
    return 0
}

runFuzzer(fuzzOneInput)
