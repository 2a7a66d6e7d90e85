import MartletStore
import MartletTesting
import Testing

@Suite("The simulated disk")
struct SimulatedDiskTests {
    private let disk = SimulatedDisk(random: SeededRandomSource(seed: 1), pageBytes: 1024, sectorBytes: 256)

    private func write(_ file: any LogFile, _ count: Int, at offset: Int = 0, _ byte: UInt8 = 7) throws(StoreFailure) {
        let bytes = [UInt8](repeating: byte, count: count)
        var failure: StoreFailure?
        bytes.withUnsafeBytes { bytes in
            do throws(StoreFailure) { try file.write(bytes, at: offset) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Says why it was refused.
    private func because(_ body: () throws(StoreFailure) -> Void) -> String? {
        do throws(StoreFailure) {
            try body()
            return nil
        } catch {
            guard case .disk(_, _, let cause) = error else { return "\(error)" }
            return cause
        }
    }

    /// A file whose name and content are durable.
    private func file(_ name: String = "a", _ byteCount: Int = 8192) throws -> any LogFile {
        let file = try disk.create(name, byteCount: byteCount)
        try file.sync()
        try disk.syncDirectory()
        return file
    }

    @Test("What was synced is there after a power loss, and what was not may be torn at sectors, in any order")
    func powerLoss() throws {
        var outcomes: Set<[Bool]> = []
        let file = try file()
        try write(file, 512)
        try file.sync()
        for _ in 0..<200 {
            let file = try disk.open("a")
            try write(file, 4096, at: 512, 9)
            disk.losePower()
            let bytes = try #require(disk.bytes(of: "a"))
            #expect(bytes[..<512].allSatisfy { $0 == 7 })
            let sectors = stride(from: 512, to: 4608, by: 256).map { Set(bytes[$0..<$0 + 256]) }
            #expect(sectors.allSatisfy { $0.count == 1 })
            outcomes.insert(sectors.map { $0 == [9] })
            disk.damage("a") { for place in 512..<4608 { $0[place] = 0 } }
        }
        #expect(outcomes.count > 50)
        #expect(outcomes.contains { zip($0, $0.dropFirst()).contains { !$0 && $1 } }, "later bytes without earlier ones")
    }

    @Test("A kill loses nothing that was written, and files of the process before cannot be written any more")
    func kill() throws {
        let file = try file()
        try write(file, 512)
        disk.restartProcess()
        #expect(disk.bytes(of: "a")?[511] == 7)
        #expect(because { () throws(StoreFailure) in try write(file, 1) } == "the machine has stopped")
    }

    @Test("Names are durable with the directory: a new file may be gone, a removed one may be back")
    func names() throws {
        var seen: Set<[String]> = []
        _ = try file("old")
        for _ in 0..<50 {
            if try disk.fileNames().contains("old") { try disk.remove("old") }
            if try !disk.fileNames().contains("new") { _ = try disk.create("new", byteCount: 10) }
            disk.losePower()
            seen.insert(try disk.fileNames())
            if try !disk.fileNames().contains("old") { _ = try file("old") }
            if try disk.fileNames().contains("new") { try disk.remove("new") }
            try disk.syncDirectory()
        }
        #expect(seen == [[], ["new"], ["old"], ["new", "old"]])
    }

    @Test("A failed sync loses its pages: they are read until the power goes, and no later sync writes them")
    func failedSync() throws {
        // A page that the system has written by itself is not lost; most are.
        var lost = 0
        for index in 0..<20 {
            let file = try file("f\(index)")
            try write(file, 100)
            disk.faults.failsSyncs = true
            #expect(because { () throws(StoreFailure) in try file.sync() } == "Input/output error")
            disk.faults = .none
            try file.sync()
            #expect(disk.bytes(of: "f\(index)")?[0] == 7)
            disk.losePower()
            if disk.bytes(of: "f\(index)")?[0] == 0 { lost += 1 }
        }
        #expect(lost > 10)
    }

    @Test("A write is refused, cut short, or refused because the disk can only be read")
    func writes() throws {
        let file = try file()
        disk.faults.failsWrites = true
        #expect(because { () throws(StoreFailure) in try write(file, 100) } == "Input/output error")
        #expect(disk.bytes(of: "a")?.allSatisfy { $0 == 0 } == true)
        disk.faults = .none
        disk.faults.cutsWrites = true
        #expect(because { () throws(StoreFailure) in try write(file, 1000) } == "Input/output error")
        #expect(disk.bytes(of: "a")?[999] == 0)
        disk.faults = .none
        disk.faults.isReadOnly = true
        #expect(because { () throws(StoreFailure) in try write(file, 100) } == "Read-only file system")
        #expect(because { () throws(StoreFailure) in try file.sync() } == "Read-only file system")
    }

    @Test("A full disk takes no more files and lets files not grow; what was allocated can be written")
    func full() throws {
        let file = try file("a", 1000)
        disk.faults.capacityBytes = 1500
        #expect(because { () throws(StoreFailure) in _ = try disk.create("b", byteCount: 501) } == "No space left on device")
        #expect(because { () throws(StoreFailure) in try write(file, 501, at: 1000) } == "No space left on device")
        #expect(because { () throws(StoreFailure) in try write(file, 1000) } == nil)
        try disk.remove("a")
        #expect(because { () throws(StoreFailure) in _ = try disk.create("b", byteCount: 501) } == nil)
    }

    @Test("A read fails when it is told to")
    func reads() throws {
        let file = try file()
        disk.faults.failsReads = true
        let cause = because { () throws(StoreFailure) in
            _ = try file.read(into: UnsafeMutableRawBufferPointer(start: nil, count: 0), at: 0)
        }
        #expect(cause == "Input/output error")
    }

    @Test("The machine stops in the middle of an operation, and nothing works until it starts again")
    func stop() throws {
        let file = try file()
        disk.stop(after: 1)
        try write(file, 100)
        #expect(because { () throws(StoreFailure) in try write(file, 100, at: 100) } == "the machine has stopped")
        #expect(disk.hasStopped)
        #expect(because { () throws(StoreFailure) in try file.sync() } == "the machine has stopped")
        disk.losePower()
        let again = try disk.open("a")
        try write(again, 100)
    }

    @Test("What is written while a sync takes its time is not in it")
    func slowSync() throws {
        var lost = 0
        for index in 0..<30 {
            let file = try file("f\(index)")
            try write(file, 1)
            disk.duringSync = { try? self.write(file, 1, at: 4096, 9) }
            try file.sync()
            disk.duringSync = nil
            disk.losePower()
            #expect(disk.bytes(of: "f\(index)")?[0] == 7)
            if disk.bytes(of: "f\(index)")?[4096] == 0 { lost += 1 }
        }
        #expect(lost > 3)
    }
}
