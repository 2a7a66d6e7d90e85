import MartletBase
import NIOCore

/// The small forms that stored bodies are made of. All integers are little-endian; text and bytes carry their length.
extension ByteBuffer {
    mutating func store(_ value: some FixedWidthInteger) { writeInteger(value, endianness: .little) }

    mutating func store(bytes: ByteBuffer) {
        store(UInt32(bytes.readableBytes))
        writeImmutableBuffer(bytes)
    }

    mutating func store(bytes: UnsafeRawBufferPointer) {
        store(UInt32(bytes.count))
        writeBytes(bytes)
    }

    mutating func store(text: String) {
        store(UInt32(text.utf8.count))
        writeString(text)
    }

    /// Whether there is a value, and then the value.
    mutating func store<Value>(optional value: Value?, _ write: (inout ByteBuffer, Value) -> Void) {
        store(UInt8(value == nil ? 0 : 1))
        if let value { write(&self, value) }
    }

    mutating func store(time: WallInstant) { store(time.millisecondsSinceEpoch) }
}

/// Reads what `store` wrote. Every function throws at the end of the bytes.
extension ByteBuffer {
    mutating func stored<Integer: FixedWidthInteger>(
        _ type: Integer.Type = Integer.self
    ) throws(StoredFormatError) -> Integer {
        guard let value = readInteger(endianness: .little, as: type) else { throw StoredFormatError("it ends too early") }
        return value
    }

    /// The first byte of every stored body says how the rest is written.
    mutating func expectStored(form: UInt8) throws(StoredFormatError) {
        guard try stored(UInt8.self) == form else { throw StoredFormatError("a form this version does not know") }
    }

    mutating func storedBytes() throws(StoredFormatError) -> ByteBuffer {
        let count = Int(try stored(UInt32.self))
        guard let bytes = readSlice(length: count) else { throw StoredFormatError("it ends too early") }
        return bytes
    }

    mutating func storedText() throws(StoredFormatError) -> String { String(buffer: try storedBytes()) }

    mutating func storedOptional<Value>(
        _ read: (inout ByteBuffer) throws(StoredFormatError) -> Value
    ) throws(StoredFormatError) -> Value? {
        switch try stored(UInt8.self) {
        case 0: nil
        case 1: try read(&self)
        default: throw StoredFormatError("neither there nor absent")
        }
    }

    mutating func storedTime() throws(StoredFormatError) -> WallInstant {
        WallInstant(millisecondsSinceEpoch: try stored())
    }

    mutating func storedAccount() throws(StoredFormatError) -> AccountID {
        guard let account = AccountID(try storedText()) else { throw StoredFormatError("no account id") }
        return account
    }
}

/// A stored body is not what this version wrote.
struct StoredFormatError: Error {
    let problem: String
    init(_ problem: String) { self.problem = problem }
}
