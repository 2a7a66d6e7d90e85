import MartletBase
import Testing

extension ServicesUnderTest {
    /// A P-256 request; each certificate made from it is another one.
    static let csr = """
        -----BEGIN CERTIFICATE REQUEST-----
        MIHiMIGJAgEAMCcxFTATBgNVBAoMDE1hcnRsZXQgVGVzdDEOMAwGA1UEAwwFcHVt
        cDcwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARbLqSaTo+3jxcSzyJQzDoudljf
        psMiDSmDADZKE/GN2GeFmgL7Tq5jaizqD1swepmH5HlnKQ0v1qEd+RdFDY+yoAAw
        CgYIKoZIzj0EAwIDSAAwRQIhAJ9HNywsSd9ef6+es+dQH13L57Me10m7RQf1Qcjb
        h1jgAiAD7cMjrtzQUdc2Hso3lvYQDK1+lYHpDsXhwJWbO7PSfQ==
        -----END CERTIFICATE REQUEST-----

        """

    static let policy = #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}"#

    /// The ARN of a new certificate.
    func certificate(active: Bool = true) async throws -> String {
        let answer = await send(
            "POST", "/certificates?setAsActive=\(active)", ["certificateSigningRequest": .string(Self.csr)])
        try #require(answer.outcome == "200", "\(answer.message)")
        return answer.text("certificateArn")
    }

    func thing(_ name: String, _ attributes: JSONObject = [:]) async throws {
        let answer = await send("POST", "/things/\(name)", ["attributePayload": ["attributes": .object(attributes)]])
        try #require(answer.outcome == "200", "\(answer.message)")
    }

    func policy(_ name: String, _ document: String = Self.policy) async throws {
        let answer = await send("POST", "/policies/\(name)", ["policyDocument": .string(document)])
        try #require(answer.outcome == "200", "\(answer.message)")
    }

    func attachPolicy(_ name: String, to target: String) async -> Answer {
        await send("PUT", "/target-policies/\(name)", ["target": .string(target)])
    }

    func attach(_ principal: String, to thing: String, type: String? = nil) async -> Answer {
        await send(
            "PUT", "/things/\(thing)/principals" + (type.map { "?thingPrincipalType=\($0)" } ?? ""),
            headers: [(name: "x-amzn-principal", value: principal)])
    }

    func certificateID(_ arn: String) -> String { String(arn.suffix(64)) }

    /// All pages of a list.
    func pages(
        _ uri: String, _ list: String, method: String = "GET", token: String = "nextToken",
        answerToken: String = "nextToken", headers: [(name: String, value: String)] = [],
        between: @Sendable (Int) async throws -> Void = { _ in }
    ) async throws -> [[JSONValue]] {
        var pages: [[JSONValue]] = []
        var next: String?
        repeat {
            let separator = uri.contains("?") ? "&" : "?"
            let page = await send(
                method, uri + (next.map { "\(separator)\(token)=\(PercentEncoding.encode($0))" } ?? ""),
                method == "POST" ? [:] : nil, headers: headers)
            try #require(page.outcome == "200", "\(page.message)")
            pages.append(try #require(page[list]?.arrayValue))
            #expect(next == nil || page[answerToken]?.stringValue != next)
            next = page[answerToken]?.stringValue
            try await between(pages.count)
        } while next != nil
        return pages
    }
}
