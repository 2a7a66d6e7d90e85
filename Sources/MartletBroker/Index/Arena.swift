#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Memory blocks named by 32-bit offsets instead of pointers: half the size, and no object header per block.
///
/// The unit is 4 bytes, so 32 bits reach 16 GiB. Offset 0 is never handed out and means "none". A freed block goes to
/// the free list of its size class and serves the next block of that class. Blocks up to 256 bytes have a class per
/// unit; above, four classes per doubling waste at most a fifth. Blocks may move when another is allocated: pointers
/// into the arena do not outlive the next `allocate`.
struct Arena: ~Copyable {
    static let unitBytes = 4
    private static let exactClasses = 64
    private static let classCount = exactClasses + 26 * 4
    private static let initialUnits = 256

    private(set) var base: UnsafeMutableRawPointer
    private var capacityUnits = Arena.initialUnits
    private var usedUnits = 1
    private var freeHeads: UnsafeMutablePointer<UInt32>

    /// Bytes in blocks that are in use now, rounded up to their size classes.
    private(set) var liveBytes = 0
    /// Bytes that were ever touched: what the arena costs in resident memory. Its untouched tail costs nothing.
    var touchedBytes: Int { usedUnits * Self.unitBytes + Self.classCount * 4 }

    init() {
        base = malloc(Self.initialUnits * Self.unitBytes)
        freeHeads = .allocate(capacity: Self.classCount)
        freeHeads.initialize(repeating: 0, count: Self.classCount)
    }

    deinit {
        free(base)
        freeHeads.deallocate()
    }

    @inline(__always)
    func pointer<Block>(_ unit: UInt32, as type: Block.Type) -> UnsafeMutablePointer<Block> {
        (base + Int(unit) * Self.unitBytes).assumingMemoryBound(to: type)
    }

    mutating func allocate(bytes: Int) -> UInt32 {
        let (index, units) = Self.sizeClass(bytes)
        liveBytes += units * Self.unitBytes
        let recycled = freeHeads[index]
        if recycled != 0 {
            freeHeads[index] = pointer(recycled, as: UInt32.self).pointee
            return recycled
        }
        if usedUnits + units > capacityUnits { grow(by: units) }
        defer { usedUnits += units }
        return UInt32(usedUnits)
    }

    /// `bytes` is the size that was asked of `allocate`.
    mutating func release(_ unit: UInt32, bytes: Int) {
        let (index, units) = Self.sizeClass(bytes)
        liveBytes -= units * Self.unitBytes
        pointer(unit, as: UInt32.self).pointee = freeHeads[index]
        freeHeads[index] = unit
    }

    /// Gives everything back. Every offset becomes invalid.
    mutating func reset() {
        free(base)
        base = malloc(Self.initialUnits * Self.unitBytes)
        capacityUnits = Self.initialUnits
        usedUnits = 1
        liveBytes = 0
        freeHeads.update(repeating: 0, count: Self.classCount)
    }

    /// `realloc` moves large blocks by remapping their pages, so growing costs no copy and no second set of pages.
    private mutating func grow(by units: Int) {
        capacityUnits = max(capacityUnits + capacityUnits / 2, usedUnits + units)
        precondition(capacityUnits <= Int(UInt32.max), "an arena is at most 16 GiB")
        base = realloc(base, capacityUnits * Self.unitBytes)
    }

    private static func sizeClass(_ bytes: Int) -> (index: Int, units: Int) {
        let units = max(1, (bytes + unitBytes - 1) / unitBytes)
        if units <= exactClasses { return (units - 1, units) }
        let exponent = Int.bitWidth - 1 - (units - 1).leadingZeroBitCount
        let step = 1 << (exponent - 2)
        let quarter = (units - 1 - 1 << exponent) / step
        return (exactClasses + (exponent - 6) * 4 + quarter, 1 << exponent + (quarter + 1) * step)
    }
}
