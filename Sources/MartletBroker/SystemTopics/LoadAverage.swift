import Glibc

/// How much of something happens per minute, as a moving average: like the load of a Unix machine, what happened lately
/// weighs more, and its weight falls to 1/e in the window.
struct LoadAverage {
    let windowSeconds: Double
    private(set) var perMinute = 0.0

    init(windowMinutes: Double) { windowSeconds = windowMinutes * 60 }

    mutating func add(_ count: Int, inSeconds seconds: Double) {
        guard seconds > 0 else { return }
        let weight = exp(-seconds / windowSeconds)
        perMinute = weight * perMinute + (1 - weight) * Double(count) * 60 / seconds
    }

    /// Two digits behind the point.
    var text: String {
        let hundredths = Int((perMinute * 100).rounded())
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }
}
