/// Keys that have a meaning and are not honoured yet. Setting one is refused by its name: a limit that is written
/// down and not enforced would be worse than none.
package enum UnbuiltKeys {
    package static let names: [String] = [
        "api.direct", "api.tls",
        "endpoint.suffix",
        "mqtt.retryLimit",
        "registry.thingTypeDeleteWaitSeconds",
        "shadow.depth", "shadow.docBytes",
        "share.queue",
    ]

    /// Everything under these belongs to a part of the server that is not built, whatever the rest of the name.
    static let families = ["share", "shadow"]
}
