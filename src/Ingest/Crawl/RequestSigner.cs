using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Backlinks.Ingest;

/// <summary>
/// Signs requests, so that a site can know this crawler by its key instead of by a name anyone can write: HTTP Message
/// Signatures (RFC 9421) in the profile of Web Bot Auth (draft-meunier-web-bot-auth-architecture): covers the authority and
/// the Signature-Agent field, which names where the public key is found; tag "web-bot-auth"; ten minutes valid; the key's
/// name is its JWK thumbprint (RFC 7638).
///
/// The algorithm is ecdsa-p256-sha256: .NET 10 has no Ed25519, which most verifiers of the draft ask for. Where only
/// Ed25519 is known, the signature is as good as none.
/// Cost: one signature a request; signing is serial, as ECDsa makes no promise to threads.
/// </summary>
public sealed class RequestSigner
{
    private static readonly TimeSpan Validity = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly ECDsa _key;
    private readonly string _agent;

    /// <param name="key">On P-256, with its private part; stays the caller's to dispose.</param>
    /// <param name="directory">https URL of the site that serves <see cref="Directory"/> under /.well-known/http-message-signatures-directory.</param>
    /// <exception cref="ArgumentException">Not such a key, or not such a URL.</exception>
    public RequestSigner(ECDsa key, string directory)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (key.KeySize != 256)
            throw new ArgumentException($"a key of {key.KeySize} bits: it must be on P-256", nameof(key));
        if (!Uri.TryCreate(directory, UriKind.Absolute, out Uri? uri) || uri.Scheme != "https" || directory.AsSpan().ContainsAny('"', '\\'))
            throw new ArgumentException($"\"{directory}\" is not an https URL", nameof(directory));
        _key = key;
        _agent = $"\"{uri.AbsoluteUri.TrimEnd('/')}\"";
        ECPoint point = key.ExportParameters(includePrivateParameters: false).Q;
        string jwk = $$"""{"crv":"P-256","kty":"EC","x":"{{Base64Url.EncodeToString(point.X)}}","y":"{{Base64Url.EncodeToString(point.Y)}}"}""";
        KeyId = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(jwk)));
        Directory = $$"""{"keys":[{{jwk}}]}""";
    }

    public string KeyId { get; }

    /// <summary>The key directory (JSON) to be published.</summary>
    public string Directory { get; }

    /// <summary>The fields to add to a request.</summary>
    /// <param name="authority">Host, with the port where it is not the default.</param>
    public IReadOnlyList<(string Name, string Value)> Sign(string authority, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(authority);
        string parameters = string.Create(CultureInfo.InvariantCulture,
            $"(\"@authority\" \"signature-agent\");created={now.ToUnixTimeSeconds()};expires={(now + Validity).ToUnixTimeSeconds()};keyid=\"{KeyId}\";alg=\"ecdsa-p256-sha256\";nonce=\"{Convert.ToBase64String(RandomNumberGenerator.GetBytes(16))}\";tag=\"web-bot-auth\"");
        byte[] text = Encoding.ASCII.GetBytes(Base([("@authority", authority.ToLowerInvariant()), ("signature-agent", _agent)], parameters));
        byte[] signature;
        lock (_lock)
            signature = _key.SignData(text, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return [("Signature-Agent", _agent), ("Signature-Input", "sig=" + parameters), ("Signature", $"sig=:{Convert.ToBase64String(signature)}:")];
    }

    /// <summary>The text that is signed: a line for each component, then the parameters (RFC 9421, 2.5).</summary>
    internal static string Base(IEnumerable<(string Name, string Value)> components, string parameters) =>
        string.Concat(components.Select(c => $"\"{c.Name}\": {c.Value}\n")) + $"\"@signature-params\": {parameters}";
}
