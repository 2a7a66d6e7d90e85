import MartletBase

/// Instants as requests carry them: epoch seconds in a body, ISO 8601 in a query string (api-wire.md section 2).
enum Timestamp {
    /// The years 1 to 9999: what ISO 8601 can write with four digits.
    static let secondsRange = -62_135_596_800.0...253_402_300_799.999

    static func instant(secondsSinceEpoch seconds: Double) -> WallInstant? {
        guard secondsRange.contains(seconds) else { return nil }
        return WallInstant(millisecondsSinceEpoch: Int64((seconds * 1000).rounded()))
    }

    /// `2023-11-14T22:13:20Z`, with an optional fraction and with `Z` or an offset such as `+01:00`. A plain number
    /// is read as epoch seconds.
    static func instant(_ text: String) -> WallInstant? {
        if let seconds = Double(text) { return instant(secondsSinceEpoch: seconds) }
        var scanner = DigitScanner(text)
        guard let year = scanner.digits(4), scanner.skip("-"), let month = scanner.digits(2), scanner.skip("-"),
            let day = scanner.digits(2), scanner.skip("T"), let hour = scanner.digits(2), scanner.skip(":"),
            let minute = scanner.digits(2), scanner.skip(":"), let second = scanner.digits(2),
            (1...9999).contains(year), (1...12).contains(month), (1...daysIn(month: month, year: year)).contains(day),
            hour < 24, minute < 60, second < 61
        else { return nil }
        let milliseconds = scanner.skip(".") ? scanner.fraction() : 0
        guard let milliseconds, let offsetMinutes = scanner.zone(), scanner.isAtEnd else { return nil }
        let minutes = (daysSinceEpoch(year: year, month: month, day: day) * 24 + hour) * 60 + minute - offsetMinutes
        return WallInstant(millisecondsSinceEpoch: Int64((minutes * 60 + second) * 1000 + milliseconds))
    }

    private static func daysIn(month: Int, year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        default: 31
        }
    }

    /// The days-from-civil algorithm for years from 1.
    private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

private struct DigitScanner {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { offset == bytes.count }

    mutating func digits(_ count: Int) -> Int? {
        guard offset + count <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[offset..<offset + count] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        offset += count
        return value
    }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    /// Milliseconds; digits beyond the third are dropped.
    mutating func fraction() -> Int? {
        guard var value = digits(1) else { return nil }
        for _ in 0..<2 { value = value * 10 + (digits(1) ?? 0) }
        while digits(1) != nil {}
        return value
    }

    /// Minutes east of UTC.
    mutating func zone() -> Int? {
        if skip("Z") { return 0 }
        let sign = skip("+") ? 1 : skip("-") ? -1 : 0
        guard sign != 0, let hours = digits(2), skip(":"), let minutes = digits(2), hours < 24, minutes < 60 else {
            return nil
        }
        return sign * (hours * 60 + minutes)
    }
}
