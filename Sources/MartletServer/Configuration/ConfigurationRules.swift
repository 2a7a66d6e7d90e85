/// What must hold between keys. Each refusal is one sentence that names the
/// key and where it was set.
enum ConfigurationRules {
    static let safeDevAddress = "127.0.0.1"

    static func check(_ values: ResolvedConfiguration) throws(ServerFailure) {
        try checkReach(values)
        try checkNames(values)
        try checkNumbers(values)
        try checkPorts(values)
    }

    private static func checkReach(_ values: ResolvedConfiguration) throws(ServerFailure) {
        let production = values.text("profile") == "production"
        let bind = values.value("bind")
        if !production && bind.text != safeDevAddress && !values.flag("allowRemoteDev") {
            throw .usage(
                "profile dev lets anyone in, so bind \(values.text("bind")) (\(bind.source)) also needs "
                    + "allowRemoteDev, flag \(KeyEncoding.flag("allowRemoteDev"))")
        }
        let anonymous = values.value("authorization.anonymous")
        if production && anonymous.text == "allow" {
            throw .usage("authorization.anonymous: allow is refused in profile production (\(anonymous.source))")
        }
    }

    private static func checkNames(_ values: ResolvedConfiguration) throws(ServerFailure) {
        let region = values.value("region")
        let regionIsName = values.text("region").utf8.allSatisfy(isNameByte)
        guard regionIsName && values.text("region").utf8.count <= 64 else {
            throw .usage("region must be letters, digits and hyphens, such as us-east-1 (\(region.source))")
        }
        let host = values.value("endpoint.host")
        let hostIsName = values.text("endpoint.host").utf8.allSatisfy { isNameByte($0) || $0 == UInt8(ascii: ".") }
        guard hostIsName && values.text("endpoint.host").utf8.count <= 253 else {
            throw .usage("endpoint.host must be a bare host name without scheme or port (\(host.source))")
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func checkNumbers(_ values: ResolvedConfiguration) throws(ServerFailure) {
        let (least, most) = (values.integerOrNone("mqtt.keepAlive.min"), values.integerOrNone("mqtt.keepAlive.max"))
        if let least, let most, least > most {
            throw .usage(
                "mqtt.keepAlive.min \(least) (\(values.value("mqtt.keepAlive.min").source)) is greater than "
                    + "mqtt.keepAlive.max \(most) (\(values.value("mqtt.keepAlive.max").source))")
        }
    }

    private static func checkPorts(_ values: ResolvedConfiguration) throws(ServerFailure) {
        var taken: [Int: String] = [:]
        for name in ["api.port", "mqtts.port", "https.port", "mqtt.port"] {
            let port = values.integer(name)
            guard port != 0, name != "mqtt.port" || values.flag("mqtt.plain.enabled") else { continue }
            if let other = taken.updateValue(name, forKey: port) {
                throw .usage("\(other) and \(name) are both \(port) (\(values.value(name).source))")
            }
        }
    }
}
