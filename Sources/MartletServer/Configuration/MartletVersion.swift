package enum MartletVersion {
    /// Semantic versioning; 0 until the first release that promises anything beyond the command line.
    package static let text = "0.1.0"
}
