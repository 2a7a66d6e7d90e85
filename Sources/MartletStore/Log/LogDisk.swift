/// The directory in which the log keeps its segments. The log touches a disk through this only.
package protocol LogDisk: Sendable {
    /// What people call a file of the directory.
    func path(of name: String) -> String
    /// Names of all files, in no particular order.
    func fileNames() throws(StoreFailure) -> [String]
    /// Makes a file of this size, with its blocks allocated and all bytes 0 where the file system can do that.
    func create(_ name: String, byteCount: Int) throws(StoreFailure) -> any LogFile
    func open(_ name: String) throws(StoreFailure) -> any LogFile
    func remove(_ name: String) throws(StoreFailure)
    /// Gives a file another name, which no file has. Who holds it open goes on with it.
    func rename(_ name: String, to newName: String) throws(StoreFailure)
    /// Makes what was created, renamed and removed durable.
    func syncDirectory() throws(StoreFailure)
}

extension LogDisk {
    package func path(of name: String) -> String { name }
}

/// One open file. It stays readable after it was removed, as long as somebody holds it.
package protocol LogFile: AnyObject, Sendable {
    var name: String { get }
    func byteCount() throws(StoreFailure) -> Int
    /// Writes all of it.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreFailure)
    /// Reads until the buffer is full or the file ends, and returns how many bytes that were.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreFailure) -> Int
    /// Returns when all that was written is durable. What fails is not tried again.
    func sync() throws(StoreFailure)
}
