import MartletObserve
import Testing

@Suite struct OpenMetricsTextTests {
    @Test("each family has its help and type, counters end in _total, and the text ends in # EOF")
    func wholeText() {
        let families = [
            MetricFamily(
                MetricName.connect, .counter, help: "CONNECT packets by result.",
                samples: [
                    MetricSample([.init("protocol", "MQTT"), .init("result", "Success")], 12),
                    MetricSample([.init("protocol", "MQTT"), .init("result", "AuthError")], UInt64.max),
                ]),
            MetricFamily(MetricName.connections, .gauge, help: "Open connections.", samples: [MetricSample(3)]),
            MetricFamily("martlet_uptime_seconds", .gauge, help: "Up.", samples: [MetricSample(seconds: 1.5)]),
            MetricFamily(
                MetricName.build, .info, help: "This build.", samples: [MetricSample([.init("version", "1")], 1)]),
            MetricFamily("martlet_none", .counter, help: "Nothing yet."),
        ]
        #expect(
            OpenMetricsText.render(families) == """
                # HELP martlet_connect CONNECT packets by result.
                # TYPE martlet_connect counter
                martlet_connect_total{protocol="MQTT",result="Success"} 12
                martlet_connect_total{protocol="MQTT",result="AuthError"} 18446744073709551615
                # HELP martlet_connections Open connections.
                # TYPE martlet_connections gauge
                martlet_connections 3
                # HELP martlet_uptime_seconds Up.
                # TYPE martlet_uptime_seconds gauge
                martlet_uptime_seconds 1.5
                # HELP martlet_build This build.
                # TYPE martlet_build info
                martlet_build_info{version="1"} 1
                # HELP martlet_none Nothing yet.
                # TYPE martlet_none counter
                # EOF

                """)
    }

    @Test("quotes, backslashes and line feeds in labels and help are escaped")
    func escaping() {
        let family = MetricFamily(
            "m", .gauge, help: "a\\b\nc \"d\"", samples: [MetricSample([.init("topic", "a\"b\\c\nd")], 1)])
        #expect(
            OpenMetricsText.render([family]) == "# HELP m a\\\\b\\nc \"d\"\n# TYPE m gauge\n"
                + "m{topic=\"a\\\"b\\\\c\\nd\"} 1\n# EOF\n")
    }
}
