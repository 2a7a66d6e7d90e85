/// The rates as one event loop uses them, worked out once: where a limit is none, the hot path asks one flag.
struct ShardPace {
    let publish: RateLimit?
    let publishBytes: RateLimit?
    let replay: RateLimit?
    let connectPerClient: RateLimit?
    /// A client's PUBLISH is counted.
    let limitsPublishes: Bool
    /// A delivery is counted.
    let limitsDeliveries: Bool
    let limitsRetained: Bool
    let limitsQueued: Bool
    /// Some v5 property has a limit.
    let limitsProperties: Bool

    init(_ limits: BrokerLimits) {
        let rates = limits.rates
        publish = RateLimit(rates.publishesPerConnection)
        publishBytes = RateLimit(rates.publishBytesPerConnection)
        replay = RateLimit(rates.replayed)
        connectPerClient = RateLimit(rates.connectsPerClient)
        limitsPublishes = publish != nil || rates.publishesIn != nil
        limitsDeliveries = publish != nil || rates.publishesOut != nil
        limitsRetained = rates.retained != nil || rates.retainedPerTopic != nil
        limitsQueued = rates.queued != nil
        limitsProperties =
            limits.contentTypeBytes != nil || limits.correlationDataBytes != nil || limits.userPropertyBytes != nil
            || limits.messageExpiryMaxSeconds != nil
    }
}
