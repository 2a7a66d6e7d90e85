import MartletBase
import MartletServices
import Testing

@Suite("Page tokens")
struct PageTokenTests {
    @Test("A token gives its key back to the list that made it, and fits the pattern of a marker")
    func roundTrip() {
        let token = PageToken.text(lastKey: [1, 0, 255], scope: "ListThings")
        #expect(PageToken.lastKey(in: token, scope: "ListThings") == [1, 0, 255])
        #expect(Base64.bytes(token) != nil)
    }

    @Test("Another list's token and every damaged one are recognised")
    func refused() throws {
        let token = PageToken.text(lastKey: Array("pump7".utf8), scope: "ListThings")
        #expect(PageToken.lastKey(in: token, scope: "ListPolicies") == nil)
        let bytes = try #require(Base64.bytes(token))
        for position in bytes.indices {
            var damaged = bytes
            damaged[position] ^= 1
            #expect(PageToken.lastKey(in: Base64.text(damaged), scope: "ListThings") == nil)
        }
        for text in ["", "x", "AAAA", "!!!!", Base64.text(Array(bytes.prefix(8)))] {
            #expect(PageToken.lastKey(in: text, scope: "ListThings") == nil)
        }
    }
}
