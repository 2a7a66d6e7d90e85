package import MartletBase

/// What a server that is ready says about itself: the one line on standard output when that is no terminal, and
/// `run.json` in the data directory while the server runs. Scripts rely on its members (architecture.md "The command
/// line that scripts may rely on").
package struct ReadyReport: Hashable, Sendable {
    /// Addresses that a client on this machine can dial. Nil: off or not built, and then absent from the JSON.
    package struct Endpoints: Hashable, Sendable {
        package var api: String?
        package var mqtt: String?
        package var mqtts: String?
        package var https: String?
        package var wss: String?
        package var ws: String?
        package var console: String?

        /// From the bind address and the ports that the listeners really got. `mqtt` is nil when the plain port is
        /// off. WebSocket stands on the API port as `ws` and on the HTTPS port as `wss`.
        package init(bindAddress: String, api: Int, mqtt: Int?, mqtts: Int, https: Int, console: Bool = false) {
            let host = Self.dialable(bindAddress)
            self.api = "http://\(host):\(api)"
            self.mqtt = mqtt.map { "mqtt://\(host):\($0)" }
            self.mqtts = "mqtts://\(host):\(mqtts)"
            self.https = "https://\(host):\(https)"
            self.wss = "wss://\(host):\(https)/mqtt"
            self.ws = "ws://\(host):\(api)/mqtt"
            self.console = console ? "http://\(host):\(api)/" : nil
        }

        /// Nobody can dial "every address", so the loopback one stands for it; IPv6 goes into brackets.
        private static func dialable(_ address: String) -> String {
            switch address {
            case "0.0.0.0": "127.0.0.1"
            case "::": "[::1]"
            default: address.contains(":") ? "[\(address)]" : address
            }
        }

        fileprivate init(_ json: JSONValue) {
            api = json["api"]?.stringValue
            mqtt = json["mqtt"]?.stringValue
            mqtts = json["mqtts"]?.stringValue
            https = json["https"]?.stringValue
            wss = json["wss"]?.stringValue
            ws = json["ws"]?.stringValue
            console = json["console"]?.stringValue
        }

        fileprivate var json: JSONValue {
            let all = [
                ("api", api), ("mqtt", mqtt), ("mqtts", mqtts), ("https", https), ("wss", wss), ("ws", ws),
                ("console", console),
            ]
            return .object(JSONObject(all.compactMap { name, url in url.map { (name, .string($0)) } }))
        }
    }

    package let version: String
    package let profile: String
    package let account: String
    package let region: String
    package let pid: Int
    package let endpoints: Endpoints
    package let caFile: String
    package let dataDirectory: String

    package init(
        version: String = MartletVersion.text, profile: String, account: String, region: String, pid: Int,
        endpoints: Endpoints, caFile: String, dataDirectory: String
    ) {
        self.version = version
        self.profile = profile
        self.account = account
        self.region = region
        self.pid = pid
        self.endpoints = endpoints
        self.caFile = caFile
        self.dataDirectory = dataDirectory
    }

    /// Reads what `json` wrote; nil when it is something else.
    package init?(json: JSONValue) {
        guard json["event"]?.stringValue == "ready", let version = json["version"]?.stringValue,
            let profile = json["profile"]?.stringValue, let account = json["account"]?.stringValue,
            let region = json["region"]?.stringValue, let pid = json["pid"]?.numberValue?.int,
            let endpoints = json["endpoints"], let caFile = json["caFile"]?.stringValue,
            let dataDirectory = json["dataDirectory"]?.stringValue
        else { return nil }
        self.init(
            version: version, profile: profile, account: account, region: region, pid: pid,
            endpoints: Endpoints(endpoints), caFile: caFile, dataDirectory: dataDirectory)
    }

    package var json: JSONValue {
        [
            "event": "ready", "version": .string(version), "profile": .string(profile), "account": .string(account),
            "region": .string(region), "pid": .int(pid), "endpoints": endpoints.json, "caFile": .string(caFile),
            "dataDirectory": .string(dataDirectory),
        ]
    }

    /// The JSON object on one line, with its line feed.
    package var line: String { JSONWriter.text(json) + "\n" }
}
