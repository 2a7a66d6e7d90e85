/// One level of a retained topic. Links are indexes into the tree's node array; 0 means none.
struct RetainedNode {
    static let noItem = UInt32.max

    /// The siblings before and after this one in the search tree of its parent's children.
    var left: UInt32 = 0
    var right: UInt32 = 0
    /// The node above in that search tree; at its top, the parent level.
    var up: UInt32
    /// The top of the search tree of this node's children.
    var children: UInt32 = 0
    var item = RetainedNode.noItem
    var text: UInt32
    var priority: UInt32
    var length: UInt16

    init(up: UInt32, text: UInt32, length: UInt16, priority: UInt32) {
        self.up = up
        self.text = text
        self.length = length
        self.priority = priority
    }
}
