import Cutover
import Testing

@Suite("what looks like a secret") struct SecretShapesTests {
    @Test("is taken out of a text that came from elsewhere", arguments: [
        "postgres://app:planted@db/app refused", "export DB_PASSWORD=planted", "password = 'planted too'", "{\"api_key\": \"planted\", \"a\": 1}", "secret: planted",
        "Authorization: Bearer planted.planted", "invalid percent-encoded token: \"planted%zz\"", "AWS_SECRET_ACCESS_KEY=planted&b=c",
        "ARCHIVE_KEY=planted LISTEN_ADDR=127.0.0.1:1", "{\"ARCHIVE_KEY\": \"planted\"}", "GET /x?X-Amz-Signature=planted&X-Amz-Date=1", "authorization: planted",
        "refused EYJplanted.EYJplanted.planted", "DB_PA\u{17F}SWORD=planted", "refused eyJplanted.eyJplanted.planted", "-----BEGIN RSA PRIVATE KEY-----\nplanted\n-----END RSA PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nplanted, and no end",
    ])
    func blotted(text: String) {
        let left = SecretShapes.blotted(text)
        #expect(!left.contains("planted") && left.contains("[secret]"), "\(left)")
        #expect(SecretShapes.blotted(left) == left)
    }

    @Test("and what does not stays", arguments: [
        "ssh: connect to host db.lab port 22: Connection refused", "no answer from http://127.0.0.1:9101", "user@host: Permission denied (publickey,password).",
        "the token bucket is empty", "basic auth is off", "Host key verification failed.", "the key of row 3: it differs", "row 12 is credential-look-alike",
        "AWS refused: InvalidSignatureException: The request signature we calculated does not match",
    ])
    func kept(text: String) { #expect(SecretShapes.blotted(text) == text) }
}
