/// A loop's batch on its way to the disk.
struct SubmittedBatch {
    let loop: Int
    let ticket: StoreTicket
    var batch: StoreBatch
}
