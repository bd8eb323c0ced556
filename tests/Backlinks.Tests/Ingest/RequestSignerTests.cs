using System.Security.Cryptography;
using System.Text;
using Backlinks.Ingest;

namespace Backlinks.Tests;

public class RequestSignerTests
{
    /// <summary>RFC 9421, B.1.3.</summary>
    private const string PublicKey = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lf
        w0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==
        -----END PUBLIC KEY-----
        """;

    [Fact]
    public void The_text_to_sign_is_that_of_the_RFCs_example()
    {
        string text = RequestSigner.Base(
            [("@status", "200"), ("content-type", "application/json"),
                ("content-digest", "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:"), ("content-length", "23")],
            "(\"@status\" \"content-type\" \"content-digest\" \"content-length\");created=1618884473;keyid=\"test-key-ecc-p256\"");
        byte[] signature = Convert.FromBase64String("wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw=="); // B.2.4
        using var key = ECDsa.Create();
        key.ImportFromPem(PublicKey);
        Assert.True(key.VerifyData(Encoding.ASCII.GetBytes(text), signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
        Assert.False(key.VerifyData(Encoding.ASCII.GetBytes(text + " "), signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
    }

    [Fact]
    public async Task A_site_can_check_a_request_by_the_published_key()
    {
        await using var server = new LoopbackServer(LoopbackServer.Response("200 OK"));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var signer = new RequestSigner(key, "https://crawler.example/");
        using var fetcher = new Fetcher(new FetcherOptions { UserAgent = "backlinks-tests/1.0", AllowLoopback = true, ConnectTo = [server.Rule], Signer = signer });
        Assert.Equal(200, (await fetcher.FetchAsync(WebUrl.TryParse("http://Site.example:8080/x")!)).Status);
        Dictionary<string, string> fields = server.Heads.Single().Split("\r\n").Where(l => l.Contains(": ", StringComparison.Ordinal)).Select(l => l.Split(": ", 2)).ToDictionary(l => l[0], l => l[1]);
        Assert.Equal("site.example:8080", fields["Host"]);
        string parameters = fields["Signature-Input"]["sig=".Length..];
        Assert.Matches($"^\\(\"@authority\" \"signature-agent\"\\);created=\\d+;expires=\\d+;keyid=\"{signer.KeyId}\";alg=\"ecdsa-p256-sha256\";nonce=\"[^\"]+\";tag=\"web-bot-auth\"$", parameters);
        string text = $"\"@authority\": {fields["Host"]}\n\"signature-agent\": {fields["Signature-Agent"]}\n\"@signature-params\": {parameters}";

        using var json = System.Text.Json.JsonDocument.Parse(signer.Directory);
        System.Text.Json.JsonElement jwk = json.RootElement.GetProperty("keys")[0];
        byte[] Part(string name) => System.Buffers.Text.Base64Url.DecodeFromChars(jwk.GetProperty(name).GetString());
        using var published = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = Part("x"), Y = Part("y") } });
        byte[] signature = Convert.FromBase64String(fields["Signature"]["sig=:".Length..^1]);
        Assert.True(published.VerifyData(Encoding.ASCII.GetBytes(text), signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
        Assert.False(published.VerifyData(Encoding.ASCII.GetBytes(text.Replace("site.", "other.", StringComparison.Ordinal)), signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
    }

    [Fact]
    public void Keys_and_directories_of_another_kind_are_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        Assert.Throws<ArgumentException>(() => new RequestSigner(other, "https://a.example"));
        Assert.Throws<ArgumentException>(() => new RequestSigner(key, "http://a.example"));
    }
}
