#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The search tree of the children of one node: a treap with upward links.
extension RetainedTree {
    func text(_ node: UInt32) -> UnsafeRawBufferPointer {
        let node = nodes[Int(node)]
        return UnsafeRawBufferPointer(start: texts.pointer(node.text, as: UInt8.self), count: Int(node.length))
    }

    func child(of parent: UInt32, _ level: UnsafeRawBufferPointer) -> UInt32 {
        var node = nodes[Int(parent)].children
        while node != 0 {
            let order = compare(level, text(node))
            if order == 0 { return node }
            node = order < 0 ? nodes[Int(node)].left : nodes[Int(node)].right
        }
        return 0
    }

    /// The first child whose text is greater than the level, 0 for none.
    func child(of parent: UInt32, greaterThan level: UnsafeRawBufferPointer) -> UInt32 {
        var node = nodes[Int(parent)].children
        var best: UInt32 = 0
        while node != 0 {
            if compare(level, text(node)) < 0 {
                best = node
                node = nodes[Int(node)].left
            } else {
                node = nodes[Int(node)].right
            }
        }
        return best
    }

    func firstChild(of parent: UInt32) -> UInt32 {
        leftmost(nodes[Int(parent)].children)
    }

    /// The next child of the same parent, 0 for none.
    func nextSibling(of node: UInt32) -> UInt32 {
        if nodes[Int(node)].right != 0 { return leftmost(nodes[Int(node)].right) }
        var current = node
        while !isTop(current) {
            let up = nodes[Int(current)].up
            if nodes[Int(up)].left == current { return up }
            current = up
        }
        return 0
    }

    /// The node one level up.
    func parent(of node: UInt32) -> UInt32 {
        var current = node
        while !isTop(current) { current = nodes[Int(current)].up }
        return nodes[Int(current)].up
    }

    /// Adds a node whose text no sibling has.
    func attach(_ node: UInt32, to parent: UInt32) {
        let level = text(node)
        var above = nodes[Int(parent)].children
        if above == 0 {
            nodes[Int(node)].up = parent
            nodes[Int(parent)].children = node
            return
        }
        while true {
            let isBefore = compare(level, text(above)) < 0
            let next = isBefore ? nodes[Int(above)].left : nodes[Int(above)].right
            if next != 0 {
                above = next
                continue
            }
            nodes[Int(node)].up = above
            if isBefore { nodes[Int(above)].left = node } else { nodes[Int(above)].right = node }
            break
        }
        while !isTop(node), nodes[Int(nodes[Int(node)].up)].priority < nodes[Int(node)].priority { rotateUp(node) }
    }

    /// Sinks the node to the bottom of its search tree and cuts it off.
    func detach(_ node: UInt32) {
        while true {
            let left = nodes[Int(node)].left
            let right = nodes[Int(node)].right
            if left == 0 && right == 0 { break }
            let leftWins = right == 0 || (left != 0 && nodes[Int(left)].priority > nodes[Int(right)].priority)
            rotateUp(leftWins ? left : right)
        }
        relink(node, above: nodes[Int(node)].up, to: 0)
    }

    private func leftmost(_ top: UInt32) -> UInt32 {
        var node = top
        while nodes[Int(node)].left != 0 { node = nodes[Int(node)].left }
        return node
    }

    /// Whether the node is the top of its siblings' search tree, so that `up` is the parent level.
    private func isTop(_ node: UInt32) -> Bool {
        nodes[Int(nodes[Int(node)].up)].children == node
    }

    private func rotateUp(_ node: UInt32) {
        let above = nodes[Int(node)].up
        relink(above, above: nodes[Int(above)].up, to: node)
        if nodes[Int(above)].left == node {
            let moved = nodes[Int(node)].right
            nodes[Int(above)].left = moved
            if moved != 0 { nodes[Int(moved)].up = above }
            nodes[Int(node)].right = above
        } else {
            let moved = nodes[Int(node)].left
            nodes[Int(above)].right = moved
            if moved != 0 { nodes[Int(moved)].up = above }
            nodes[Int(node)].left = above
        }
        nodes[Int(above)].up = node
    }

    /// Makes the link that led down to `old` lead to `new`.
    private func relink(_ old: UInt32, above: UInt32, to new: UInt32) {
        if nodes[Int(above)].children == old {
            nodes[Int(above)].children = new
        } else if nodes[Int(above)].left == old {
            nodes[Int(above)].left = new
        } else {
            nodes[Int(above)].right = new
        }
        if new != 0 { nodes[Int(new)].up = above }
    }

    private func compare(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
        let shared = min(left.count, right.count)
        if shared > 0, let leftStart = left.baseAddress, let rightStart = right.baseAddress {
            let order = memcmp(leftStart, rightStart, shared)
            if order != 0 { return Int(order) }
        }
        return left.count - right.count
    }
}
