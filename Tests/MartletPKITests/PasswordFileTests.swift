import Glibc
import MartletBase
import MartletTesting
import Testing

@testable import MartletPKI

@Suite struct PasswordFileTests {
    static let hash = "$scrypt$ln=10,r=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"

    @Test("remarks and blank lines survive, and users are set in their place")
    func edit() throws {
        let text = "# plant 4\n\nann \(Self.hash) reader\nbob\t\(Self.hash)  reader a,b  \n"
        var file = try PasswordFile(text, file: "passwords")
        #expect(file.users.map(\.name) == ["ann", "bob"] && file.users[1].policies == ["reader", "a,b"])
        let hash = try PasswordHash(text: Self.hash[...])
        file.set(try PasswordUser(name: "ann", hash: hash, policies: ["writer"]))
        #expect(file.remove("bob") && !file.remove("bob"))
        file.set(try PasswordUser(name: "cy", hash: hash, policies: ["reader"]))
        #expect(file.text == "# plant 4\n\nann \(Self.hash) writer\ncy \(Self.hash) reader\n")
        #expect(try PasswordFile(file.text, file: "again") == file)
    }

    @Test(
        "what is wrong is told with file, line and words",
        arguments: [
            ("ann \(hash)", "NAME HASH POLICY"), ("ann secret reader", "the hash is not of the form"),
            ("anonymous \(hash) reader", "another principal"), ("a?b \(hash) reader", "without spaces and ?"),
            (String(repeating: "a", count: 64) + " \(hash) reader", "another principal"),
            ("ann \(hash) re*der", "no name of an IoT policy"), ("ann \(hash) reader reader", "named twice"),
            ("first \(hash) reader", "stands in the file twice"), ("énn \(hash) reader", "printable ASCII"),
        ])
    func refusals(_ line: String, _ words: String) {
        let error = #expect(throws: PasswordFileError.self) {
            try PasswordFile("# one\nfirst \(Self.hash) reader\n\(line)\n", file: "/etc/passwords")
        }
        #expect(error?.line == 3 && error?.file == "/etc/passwords")
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test("the file is written for its owner alone, and is read back; a missing one is nil")
    func disk() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/passwords"
            #expect(try PasswordFile.read(path) == nil)
            let file = try PasswordFile("ann \(Self.hash) reader\n", file: path)
            try file.write(to: path)
            try file.write(to: path)
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
            #expect(try PasswordFile.read(path) == file)
        }
    }
}
