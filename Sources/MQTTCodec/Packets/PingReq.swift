/// PINGREQ (section 3.12), which says nothing but that the client is there.
package struct PingReq: Hashable, Sendable {
    package init() {}
}
