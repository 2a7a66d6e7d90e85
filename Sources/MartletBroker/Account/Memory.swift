import Glibc

/// `memcmp`, kept in one place.
@inline(__always)
func memoryEqual(_ one: UnsafeRawPointer, _ other: UnsafeRawPointer, _ count: Int) -> Bool {
    memcmp(one, other, count) == 0
}
