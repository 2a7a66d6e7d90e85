internal import Glibc

/// One input for the code under test; 0 says that it was taken.
public typealias FuzzTarget = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

#if FUZZING
/// libFuzzer's driver. SwiftPM renames a program's `main`, so libFuzzer's own is not linked.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>, _ target: FuzzTarget
) -> CInt

/// Searches for inputs that break the target, as libFuzzer's own flags say.
public func runFuzzer(_ target: FuzzTarget) -> Never {
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    exit(runDriver(&count, &arguments, target))
}
#else
/// Without libFuzzer the program feeds the files that it is named: the corpus in `make test`, or what a fuzzer found.
public func runFuzzer(_ target: FuzzTarget) -> Never {
    let paths = CommandLine.arguments.dropFirst()
    for path in paths {
        guard let file = fopen(path, "rb") else {
            print("cannot open \(path)")
            exit(2)
        }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        fclose(file)
        _ = bytes.withUnsafeBufferPointer { target($0.baseAddress, count) }
    }
    print("\(paths.count) inputs replayed, none broke anything")
    exit(0)
}
#endif
