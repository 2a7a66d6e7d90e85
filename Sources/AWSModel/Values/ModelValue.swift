package import MartletBase

/// A value of a modelled shape, with its type: a blob is bytes and a timestamp an instant, wherever it stood on the
/// wire.
package enum ModelValue: Equatable, Sendable {
    case string(String)
    case boolean(Bool)
    case integer(Int)
    case double(Double)
    case timestamp(WallInstant)
    case blob([UInt8])
    case list([ModelValue])
    case map([String: ModelValue])
    case structure(ModelObject)
}
