internal import AWSModel
internal import MartletBase

/// Writes docs/coverage.md from the operations that are registered, so that it says neither more nor less than the
/// server does.
package enum Coverage {
    /// The same table always gives the same text.
    package static func markdown(_ table: OperationTable) -> String {
        var lines = opening + summary(table)
        for service in Service.allCases { lines += section(service, table) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static let opening = [
        "# What Martlet answers",
        "",
        "Made from the operations that are registered in the server; a test compares the two. Do not edit.",
        "",
        "Every operation of AWS's public service models has its route. One that is built does what it says. One that",
        "is not answers HTTP 501 with `x-amzn-ErrorType: NotImplementedException` and a message that names it. A",
        "member or value not built inside a built operation is refused with an error of that operation's model.",
        "",
        "## Not there yet on the data plane",
        "",
        "- Reserved topics of services that are not built (jobs, provisioning, Device Defender, Basic Ingest), and events",
        "  other than `$aws/events/presence` and `$aws/events/subscriptions`, are refused by name.",
        "",
        "## Refused or different inside built operations",
        "",
        "- `production` profile: signatures are not verified yet, so every signed call gets 403 AccessDeniedException.",
        "- Thing types, billing groups and thing groups cannot be made, so naming one is ResourceNotFoundException.",
        "- `tags` on CreatePolicy: InvalidRequestException.",
        "- Cognito identities as principal or target: InvalidRequestException.",
        "- `isAscendingOrder` on ListPolicyPrincipals: InvalidRequestException.",
        "- Changes are in force when the call answers; AWS takes up to minutes. A detached policy can be deleted at",
        "  once.",
        "- GetThingConnectivityData needs no fleet index; a thing that was never connected has neither timestamp nor",
        "  reason. The client id is the thing's name.",
        "- Shadows: an update that would leave an empty object leaves none; the size limit is 8,192 bytes of compact JSON.",
        "- UpdateCertificate to INACTIVE or REVOKED closes live connections before it answers.",
    ]

    private static func summary(_ table: OperationTable) -> [String] {
        var lines = ["", "## Operations", "", "| service | operations | built | answer 501 |", "|---|---:|---:|---:|"]
        for service in Service.allCases {
            let operations = ShapeTable.of(service).operations
            let built = operations.count(where: table.isBuilt)
            lines.append(
                "| \(service.modelName) | \(operations.count) | \(built) | \(operations.count - built) |")
        }
        return lines
    }

    private static func section(_ service: Service, _ table: OperationTable) -> [String] {
        let operations = ShapeTable.of(service).operations.sorted { $0.name < $1.name }
        let built = operations.filter(table.isBuilt)
        let refused = operations.filter { !table.isBuilt($0) }
        var lines = ["", "### \(service.modelName)"]
        if !built.isEmpty {
            lines += ["", "| built | method | path |", "|---|---|---|"]
            lines += built.map { "| \($0.name) | \($0.method) | `\($0.uriTemplate)` |" }
        }
        if !refused.isEmpty {
            lines += ["", "Answer 501: \(refused.map(\.name).joined(separator: ", "))."]
        }
        return lines
    }
}

extension Service {
    /// What boto3 and the AWS CLI call the service.
    fileprivate var modelName: String {
        switch self {
        case .iot: "iot"
        case .iotData: "iot-data"
        case .iotJobsData: "iot-jobs-data"
        case .secureTunneling: "iotsecuretunneling"
        }
    }
}
