/// Counts of a message store since it was opened, and what it holds now.
package struct MessageStoreStatistics: Hashable, Sendable {
    /// fdatasync calls.
    package var syncs = 0
    package var groups = 0
    package var bytesWritten = 0
    /// Bytes that are not dead, and bytes that all segments take.
    package var liveBytes = 0
    package var totalBytes = 0
    package var records = 0
    package var queues = 0
    package var queuedMessages = 0
    package var droppedQueueFull = 0
    package var cleanedSegments = 0
    /// Segments that nothing needs and that could not be deleted; the next start finds them.
    package var undeletedSegments = 0

    package init() {}
}
