import MartletServices

/// The text of docs/coverage.md, made from what this build registers.
package enum CoveragePage {
    package static var text: String { Coverage.markdown(OperationTable(.unconnected)) }
}
