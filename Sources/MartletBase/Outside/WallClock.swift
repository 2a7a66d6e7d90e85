/// The time of day. It comes in from outside, so that a test can move it.
public protocol WallClock: Sendable {
    func now() -> WallInstant
}

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
public struct WallInstant: Hashable, Comparable, Sendable {
    public var millisecondsSinceEpoch: Int64

    public init(millisecondsSinceEpoch: Int64) { self.millisecondsSinceEpoch = millisecondsSinceEpoch }

    public var secondsSinceEpoch: Double { Double(millisecondsSinceEpoch) / 1000 }
    public static func < (one: WallInstant, other: WallInstant) -> Bool {
        one.millisecondsSinceEpoch < other.millisecondsSinceEpoch
    }

    public func advanced(bySeconds seconds: Int64) -> WallInstant {
        WallInstant(millisecondsSinceEpoch: millisecondsSinceEpoch + seconds * 1000)
    }

    /// `2026-03-01T10:15:00.123Z`
    public var iso8601: String {
        let (days, ofDay) = millisecondsSinceEpoch.quotientAndRemainder(flooringBy: 86_400_000)
        let date = Self.civil(daysSinceEpoch: days)
        let second = ofDay / 1000
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let millis = String(ofDay % 1000)
        return "\(date.year)-\(two(date.month))-\(two(date.day))T\(two(second / 3600)):\(two(second / 60 % 60)):"
            + "\(two(second % 60)).\(String(repeating: "0", count: 3 - millis.count))\(millis)Z"
    }

    /// The proleptic Gregorian date of a day number (the days-from-civil algorithm, run backwards).
    private static func civil(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = daysSinceEpoch + 719_468
        let (era, dayOfEra) = shifted.quotientAndRemainder(flooringBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (
            year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
            day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        )
    }
}

extension Int64 {
    /// Division that rounds down, so that the remainder is never negative.
    fileprivate func quotientAndRemainder(flooringBy divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
