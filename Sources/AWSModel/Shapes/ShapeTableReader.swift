/// Reads the generated text of `ShapeTable`. A malformed line is a fault of the generator and stops the program at the
/// first use; the tests read all four tables.
struct ShapeTableReader {
    let service: Service
    private(set) var operations: [OperationDescriptor] = []
    private(set) var errorStatuses: [String: Int] = [:]
    private(set) var shapes: [String: Shape]
    private var structure: Shape?
    private var members: [Shape.Member] = []
    private var patterns: [String: PatternMatcher] = [:]

    init(service: Service) {
        self.service = service
        shapes = [ShapeTable.emptyShapeName: Shape(name: ShapeTable.emptyShapeName, kind: .structure([]))]
    }

    mutating func read(_ text: String) {
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " ")).map { String(Substring($0)) }
            if words[0].utf8.first == UInt8(ascii: ".") {
                members.append(member(words))
            } else {
                endStructure()
                record(words)
            }
        }
        endStructure()
    }

    private mutating func endStructure() {
        guard let shape = structure else { return }
        var complete = Shape(name: shape.name, kind: .structure(members))
        complete.payload = shape.payload
        shapes[shape.name] = complete
        structure = nil
        members = []
    }

    private mutating func record(_ words: [String]) {
        switch words[0] {
        case "operation": operations.append(operation(words))
        case "error": errorStatuses[words[1]] = Int(words[2])!
        case "structure": structure = shape(.structure([]), words, constraintsFrom: 2)
        case "list": add(shape(.list(of: words[2]), words, constraintsFrom: 3))
        case "map": add(shape(.map(key: words[2], value: words[3]), words, constraintsFrom: 4))
        case "string": add(shape(.string, words, constraintsFrom: 2))
        case "boolean": add(shape(.boolean, words, constraintsFrom: 2))
        case "integer": add(shape(.integer, words, constraintsFrom: 2))
        case "long": add(shape(.long, words, constraintsFrom: 2))
        case "double", "float": add(shape(.double, words, constraintsFrom: 2))
        case "timestamp": add(shape(.timestamp, words, constraintsFrom: 2))
        case "blob": add(shape(.blob, words, constraintsFrom: 2))
        default: preconditionFailure("unknown record \(words)")
        }
    }

    private mutating func add(_ shape: Shape) { shapes[shape.name] = shape }

    private func operation(_ words: [String]) -> OperationDescriptor {
        OperationDescriptor(
            service: service, name: words[1], method: words[2], uriTemplate: words[3], inputShape: words[4],
            outputShape: words[5], errorCodes: words[7] == "-" ? [] : words[7].split(separator: ",").map(String.init),
            successStatus: Int(words[6])!)
    }

    private mutating func shape(_ kind: Shape.Kind, _ words: [String], constraintsFrom first: Int) -> Shape {
        var shape = Shape(name: words[1], kind: kind)
        for word in words[first...] {
            let (name, value) = Self.pair(word)
            switch name {
            case "min": shape.minimum = Double(value)!
            case "max": shape.maximum = Double(value)!
            case "sensitive": shape.isSensitive = true
            case "payload": shape.payload = value
            case "enum": shape.enumeration = value.split(separator: ",").map(String.init)
            case "pattern": shape.pattern = pattern(value)
            default: preconditionFailure("unknown constraint \(word) of \(words[1])")
            }
        }
        return shape
    }

    private mutating func pattern(_ text: String) -> PatternMatcher {
        if let known = patterns[text] { return known }
        do {
            let matcher = try PatternMatcher(text)
            patterns[text] = matcher
            return matcher
        } catch {
            preconditionFailure("\(error)")
        }
    }

    private func member(_ words: [String]) -> Shape.Member {
        var location = Shape.Location.body
        var isRequired = false
        var isJSONValue = false
        for word in words[2...] {
            let (name, value) = Self.pair(word)
            switch name {
            case "required": isRequired = true
            case "jsonvalue": isJSONValue = true
            case "uri": location = .uri(value)
            case "query": location = .query(value)
            case "header": location = .header(value)
            case "status": location = .status
            default: preconditionFailure("unknown trait \(word) of \(words[0])")
            }
        }
        return Shape.Member(
            name: String(words[0].dropFirst()), shape: words[1], isRequired: isRequired, location: location,
            isJSONValue: isJSONValue)
    }

    private static func pair(_ word: String) -> (name: String, value: String) {
        guard let equals = word.utf8.firstIndex(of: UInt8(ascii: "=")) else { return (word, "") }
        return (String(word[..<equals]), String(word[word.utf8.index(after: equals)...]))
    }
}
