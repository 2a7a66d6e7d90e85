import NIOCore

/// What waits for one client's socket. Small frames are copied into `tail`; large payloads stand as shared slices
/// between what was copied before and after them.
struct OutboundBuffer {
    private(set) var chunks: [ByteBuffer] = []
    var tail = ByteBuffer()
    private var chunkBytes = 0

    var byteCount: Int { chunkBytes + tail.readableBytes }
    var isEmpty: Bool { byteCount == 0 }

    /// Where a frame begins: which buffer it stands in, and the index there.
    struct Place {
        fileprivate let chunk: Int
        fileprivate let index: Int
    }

    /// Copies a frame and gives it its own first byte.
    @inline(__always)
    mutating func append(_ frame: UnsafeRawBufferPointer, firstByte: UInt8) -> Place {
        let place = Place(chunk: chunks.count, index: tail.writerIndex)
        tail.writeBytes(frame)
        tail.setInteger(firstByte, at: place.index)
        return place
    }

    /// Writes the packet identifier of the frame at `place`, `offset` bytes from its beginning.
    @inline(__always)
    mutating func patch(_ packetID: UInt16, at place: Place, offset: Int) {
        if place.chunk == chunks.count {
            tail.setInteger(packetID, at: place.index + offset)
        } else {
            chunks[place.chunk].setInteger(packetID, at: place.index + offset)
        }
    }

    /// Adds bytes that others hold too, without copying them.
    mutating func append(shared slice: ByteBuffer) {
        if tail.readableBytes > 0 {
            chunks.append(tail)
            chunkBytes += tail.readableBytes
            tail = ByteBuffer()
        }
        chunks.append(slice)
        chunkBytes += slice.readableBytes
    }

    mutating func removeChunks() {
        chunks.removeAll()
        chunkBytes = 0
    }
}
