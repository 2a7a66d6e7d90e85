internal import MartletBase

extension KeyBytes {
    /// The components that this key was made of; nil for bytes that no components encode to.
    package var components: [KeyComponent]? {
        var rest = bytes[...]
        var components: [KeyComponent] = []
        while let tag = rest.popFirst() {
            guard let component = Self.component(tag, &rest) else { return nil }
            components.append(component)
        }
        return components
    }

    /// The last component when it is a string: the name under which index entries point at their document.
    package var lastString: String? {
        guard case .string(let text)? = components?.last else { return nil }
        return text
    }

    private static func component(_ tag: UInt8, _ rest: inout ArraySlice<UInt8>) -> KeyComponent? {
        switch tag {
        case Tag.account:
            guard let digits = take(12, &rest), let text = String(validating: digits, as: UTF8.self) else { return nil }
            return AccountID(text).map(KeyComponent.account)
        case Tag.kind:
            return rest.popFirst().flatMap(DocumentKind.init(rawValue:)).map(KeyComponent.kind)
        case Tag.integer:
            guard let bytes = take(8, &rest) else { return nil }
            let ordered = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return .integer(Int64(bitPattern: ordered ^ (1 << 63)))
        case Tag.string:
            return string(&rest).map(KeyComponent.string)
        default:
            return nil
        }
    }

    private static func take(_ count: Int, _ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard rest.count >= count else { return nil }
        defer { rest.removeFirst(count) }
        return rest.prefix(count)
    }

    private static func string(_ rest: inout ArraySlice<UInt8>) -> String? {
        var text: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case Escape.end:
                return String(validating: text, as: UTF8.self)
            case Escape.lead:
                guard let escaped = rest.popFirst(), escaped == 1 || escaped == 2 else { return nil }
                text.append(escaped - 1)
            default:
                text.append(byte)
            }
        }
        return nil
    }
}
