import FuzzDriver
import MartletStore
import MartletTesting
import NIOCore
import Synchronization

/// Damages the files of a small log and opens it. The first byte chooses: the rest are edits of a log that was written, or the
/// whole content of its newest segment behind a header. Either the log is refused by name and nothing of it is changed, or it
/// opens, every queue and record can be read, it takes more, and it opens again with all of that.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = input.first else { return 0 }
    let disk = written.afterKill()
    if first & 1 == 0 { edit(disk, input.dropFirst()) } else { replaceRecords(of: disk, by: input.dropFirst()) }
    let before = contents(of: disk)
    guard let log = try? FuzzedLog(on: disk) else {
        precondition(contents(of: disk) == before, "a log that was refused was changed")
        return 0
    }
    let found = log.everything()
    log.addSomething()
    let reopened = try? FuzzedLog(on: disk.afterKill())
    precondition(reopened?.everything() == log.everything(), "a log that was opened does not open again as it was")
    precondition(log.everything().count >= found.count)
    return 0
}

/// A log of a few segments that has been cleaned.
private let written: MemoryLogDisk = {
    let disk = MemoryLogDisk()
    guard let log = try? FuzzedLog(on: disk) else { fatalError("an empty log does not open") }
    for _ in 0..<40 { log.addSomething() }
    return disk
}()

/// Edits of six bytes: which file, where, what, and a value.
private func edit(_ disk: MemoryLogDisk, _ input: ArraySlice<UInt8>) {
    var bytes = ByteBuffer(bytes: input)
    let names = ((try? disk.fileNames()) ?? []).sorted()
    while let (file, offset, kind, value) = bytes.readMultipleIntegers(as: (UInt8, UInt16, UInt8, UInt16).self) {
        let name = names[Int(file) % names.count]
        guard kind % 5 < 4 else {
            try? disk.remove(name)
            continue
        }
        disk.damage(name) { content in
            guard !content.isEmpty else { return }
            let place = Int(offset) % content.count
            switch kind % 5 {
            case 0: content[place] ^= UInt8(truncatingIfNeeded: value | 1)
            case 1: for index in place..<min(place + Int(value) % 600, content.count) { content[index] = 0 }
            case 2: content.removeLast(content.count - place)
            default:
                let piece = content[(Int(value) % content.count)...].prefix(64)
                for (index, byte) in zip(place..<content.count, piece) { content[index] = byte }
            }
        }
    }
}

private func replaceRecords(of disk: MemoryLogDisk, by input: ArraySlice<UInt8>) {
    guard let newest = try? disk.fileNames().filter({ $0.hasSuffix(".log") }).max() else { return }
    let headerBytes = 44
    disk.damage(newest) { content in
        for index in headerBytes..<content.count { content[index] = 0 }
        for (index, byte) in zip(headerBytes..<content.count, input) { content[index] = byte }
    }
}

private func contents(of disk: MemoryLogDisk) -> [String: [UInt8]] {
    Dictionary(uniqueKeysWithValues: ((try? disk.fileNames()) ?? []).map { ($0, disk.bytes(of: $0) ?? []) })
}

runFuzzer(fuzzOneInput)
