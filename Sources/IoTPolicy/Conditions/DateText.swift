internal import MartletBase

/// The dates that a policy may name: ISO 8601 as the W3C profiles it, or seconds since 1970.
enum DateText {
    /// Four digits are a year; any other plain number is seconds since 1970. Nil when the text is no date.
    static func instant(_ text: String) -> WallInstant? {
        let characters = Array(text.utf8)
        let isYear = characters.count == 4 && characters.allSatisfy { (0x30...0x39).contains($0) }
        if !isYear, let instant = epoch(text) { return instant }
        var reader = Reader(characters: characters[...])
        return reader.date()
    }

    private static func epoch(_ text: String) -> WallInstant? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard DecimalNumber(text) != nil, let seconds = Int64(parts[0]), seconds.magnitude < 1 << 50 else { return nil }
        let digits = parts.count == 2 ? parts[1].prefix(3) : ""
        let milliseconds = Int64(digits + String(repeating: "0", count: 3 - digits.count)) ?? 0
        let sign: Int64 = text.hasPrefix("-") ? -1 : 1
        return WallInstant(millisecondsSinceEpoch: seconds * 1000 + sign * milliseconds)
    }

    private struct Reader {
        var characters: ArraySlice<UInt8>

        /// `YYYY[-MM[-DD[Thh:mm[:ss[.s]]ZONE]]]`
        mutating func date() -> WallInstant? {
            guard let year = number(4) else { return nil }
            guard !characters.isEmpty else { return instant(year, 1, 1) }
            guard skip("-"), let month = number(2), (1...12).contains(month) else { return nil }
            guard !characters.isEmpty else { return instant(year, month, 1) }
            guard skip("-"), let day = number(2), day >= 1, day <= Self.days(in: month, of: year) else { return nil }
            guard !characters.isEmpty else { return instant(year, month, day) }
            guard skip("T"), let time = timeOfDay(), let zone = zoneSeconds(), characters.isEmpty else { return nil }
            let midnight = instant(year, month, day).millisecondsSinceEpoch
            return WallInstant(millisecondsSinceEpoch: midnight + time - zone * 1000)
        }

        /// Milliseconds since midnight.
        private mutating func timeOfDay() -> Int64? {
            guard let hour = number(2), hour < 24, skip(":"), let minute = number(2), minute < 60 else { return nil }
            let whole = (hour * 60 + minute) * 60_000
            guard skip(":") else { return whole }
            guard let second = number(2), second < 60 else { return nil }
            guard skip(".") else { return whole + second * 1000 }
            let digits = characters.prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty else { return nil }
            characters = characters.dropFirst(digits.count)
            let three = (Array(digits.prefix(3)) + [0x30, 0x30]).prefix(3)
            let milliseconds = three.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
            return whole + second * 1000 + milliseconds
        }

        private mutating func zoneSeconds() -> Int64? {
            if skip("Z") { return 0 }
            let isWest = characters.first == UInt8(ascii: "-")
            guard skip("+") || skip("-"), let hour = number(2), hour < 24, skip(":"), let minute = number(2),
                minute < 60
            else { return nil }
            return (isWest ? -1 : 1) * (hour * 60 + minute) * 60
        }

        private mutating func number(_ count: Int) -> Int64? {
            let digits = characters.prefix(count)
            guard digits.count == count, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            characters = characters.dropFirst(count)
            return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }

        private mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard characters.first == UInt8(ascii: character) else { return false }
            characters = characters.dropFirst()
            return true
        }

        private static func days(in month: Int64, of year: Int64) -> Int64 {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][Int(month - 1)]
        }

        /// Midnight UTC of a date of the proleptic Gregorian calendar.
        private func instant(_ year: Int64, _ month: Int64, _ day: Int64) -> WallInstant {
            let shiftedYear = month <= 2 ? year - 1 : year
            let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
            let yearOfEra = shiftedYear - era * 400
            let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
            let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            return WallInstant(millisecondsSinceEpoch: (era * 146_097 + dayOfEra - 719_468) * 86_400_000)
        }
    }
}
