import Glibc

/// How much memory there is, and how much of it this process has.
enum ProcessMemory {
    /// The second number of /proc/self/statm: resident pages. 0 when it cannot be read.
    static func residentBytes() -> Int {
        guard let text = try? SmallFile.read("/proc/self/statm", bytesMax: 4096) else { return 0 }
        let fields = String(decoding: text, as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
        return pages * pageBytes
    }

    static func machineBytes() -> Int { max(0, Int(sysconf(Int32(_SC_PHYS_PAGES)))) * pageBytes }

    private static var pageBytes: Int { Int(sysconf(Int32(_SC_PAGESIZE))) }
}
