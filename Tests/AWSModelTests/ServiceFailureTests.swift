import AWSModel
import MartletBase
import Testing

@Suite struct ServiceFailureTests {
    @Test("A refusal names its exception in a header and its message in lower case, with the modelled members")
    func rest() {
        let failure = ServiceFailure.alreadyExists(
            "Thing pump7 already exists in account", resourceID: "pump7",
            resourceARN: "arn:aws:iot:us-east-1:000000000000:thing/pump7")
        let response = failure.response(for: .iot)
        #expect(response.status == 409)
        #expect(response.header("x-amzn-ErrorType") == "ResourceAlreadyExistsException")
        #expect(response.header("content-type") == "application/json")
        #expect(
            response.json == [
                "message": "Thing pump7 already exists in account", "resourceId": "pump7",
                "resourceArn": "arn:aws:iot:us-east-1:000000000000:thing/pump7",
            ])
        #expect(failure.response(for: .iot, requestID: "r-1").header("x-amzn-requestid") == "r-1")
        #expect(response.header("x-amzn-requestid") == nil)
    }

    @Test("Secure tunneling names the exception in the body")
    func tunneling() {
        let response = ServiceFailure("LimitExceededException", "no more", service: .secureTunneling)
            .response(for: .secureTunneling)
        #expect(response.status == 400)
        #expect(response.header("content-type") == "application/x-amz-json-1.1")
        #expect(response.json == ["__type": "LimitExceededException", "message": "no more"])
        #expect(response.header("x-amzn-errortype") == "LimitExceededException")
    }

    @Test(
        "The model gives each code its status",
        arguments: [
            ("InvalidRequestException", Service.iot, 400), ("ThrottlingException", .iot, 400),
            ("ThrottlingException", .iotData, 429), ("ThrottlingException", .iotJobsData, 429),
            ("UnauthorizedException", .iot, 401), ("ServiceQuotaExceededException", .iot, 402),
            ("ForbiddenException", .iotData, 403), ("ResourceNotFoundException", .iot, 404),
            ("MethodNotAllowedException", .iotData, 405), ("CertificateStateException", .iot, 406),
            ("DeleteConflictException", .iot, 409), ("LimitExceededException", .iot, 410),
            ("TransferAlreadyCompletedException", .iot, 410), ("TerminalStateException", .iotJobsData, 410),
            ("RequestEntityTooLargeException", .iotData, 413), ("UnsupportedDocumentEncodingException", .iotData, 415),
            ("InternalServerException", .iot, 500), ("ServiceUnavailableException", .iot, 503),
            ("GatewayTimeoutException", .iotData, 504), ("ResourceNotFoundException", .secureTunneling, 400),
            ("AccessDeniedException", .iot, 403), ("MissingAuthenticationTokenException", .iot, 403),
            ("UnknownOperationException", .iot, 404), ("NotImplementedException", .iotData, 501),
            ("NoSuchException", .iot, 500),
        ])
    func statuses(code: String, service: Service, status: Int) {
        #expect(ServiceFailure(code, "m", service: service).status == status)
    }

    @Test(
        "A refusal takes the name and status that its operation has for it",
        arguments: [
            (ServiceFailure.invalidRequest("m"), IoT.CreateThing.descriptor, "InvalidRequestException", 400),
            (.invalidRequest("m"), IoT.CreateCommand.descriptor, "ValidationException", 400),
            (.internalFailure("m"), IoT.CreateTopicRule.descriptor, "InternalException", 500),
            (.internalFailure("m"), IoT.CreateCommand.descriptor, "InternalServerException", 500),
            (.internalFailure("m"), IoT.CreateThing.descriptor, "InternalFailureException", 500),
            (.throttling("m"), IoTData.Publish.descriptor, "ThrottlingException", 429),
            (.notFound("m"), SecureTunneling.DescribeTunnel.descriptor, "ResourceNotFoundException", 400),
            (.accessDenied("m"), IoT.CreateThing.descriptor, "AccessDeniedException", 403),
        ])
    func fitted(failure: ServiceFailure, operation: OperationDescriptor, code: String, status: Int) {
        let fitted = failure.fitted(to: operation)
        #expect(fitted.code == code && fitted.status == status && fitted.message == "m")
    }

    @Test("An operation that is not built is named")
    func notImplemented() {
        let failure = ServiceFailure.notImplemented(IoT.CreateFleetMetric.descriptor)
        #expect(failure.status == 501 && failure.code == "NotImplementedException")
        #expect(failure.message == "CreateFleetMetric is not implemented.")
    }
}
