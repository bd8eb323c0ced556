using System.Text;
using Backlinks.Ingest;

namespace Backlinks.Pipeline;

/// <summary>
/// Under which name a host stands in the domain graph: <c>domain</c>, its registrable domain by the
/// registries' section of the public suffix list; <c>psl-private</c>, by both sections (<c>alice.github.io</c> stands for
/// herself); <c>host</c>, itself; or a file of owners, <c>domain,owner</c> a line, where the longest listed name that the
/// host is or lies under decides, and hosts of nobody are folded as by <c>domain</c>. A host without a registrable domain
/// (an address, a single label) stands for itself.
/// </summary>
/// <param name="Name">For the manifests; a file of owners by the hash of its content, so that a changed file is another fold.</param>
/// <param name="Of">From host to name.</param>
public sealed record HostFold(string Name, Func<string, string> Of)
{
    /// <exception cref="RequestException">Neither one of the words nor a file.</exception>
    /// <exception cref="IOException">A line of the file is not <c>domain,owner</c>.</exception>
    public static HostFold Parse(string text) => text switch
    {
        "domain" => new HostFold(text, host => PublicSuffixList.BuiltIn.DomainOf(host, withPrivate: false) ?? host),
        "psl-private" => new HostFold(text, host => PublicSuffixList.BuiltIn.DomainOf(host, withPrivate: true) ?? host),
        "host" => new HostFold(text, host => host),
        _ when File.Exists(text) => Owners(text),
        _ => throw new RequestException("fold", $"{{fold}} {text}: there is no such file, and it is none of domain, host, psl-private"),
    };

    private static HostFold Owners(string path)
    {
        OwnerFile owners = OwnerFile.Read(path);
        return new HostFold($"owners:{owners.Digest}", host => owners.OwnerOf(host) ?? PublicSuffixList.BuiltIn.DomainOf(host, withPrivate: false) ?? host);
    }
}

/// <summary>A CSV file of owners, <c>domain,owner</c> a line.</summary>
/// <param name="Digest">XXH3 of its bytes: a changed file is another.</param>
public sealed record OwnerFile(string Digest, IReadOnlyDictionary<string, string> Owners)
{
    /// <summary>The owner of a host: of the longest listed name that it is or lies under; null where there is none.</summary>
    public string? OwnerOf(string host)
    {
        for (string at = host; ; at = at[(at.IndexOf('.') + 1)..])
        {
            if (Owners.TryGetValue(at, out string? owner))
                return owner;
            if (!at.Contains('.'))
                return null;
        }
    }

    /// <exception cref="IOException">A line is not <c>domain,owner</c>, or a domain has two owners.</exception>
    public static OwnerFile Read(string path)
    {
        if (!File.Exists(path))
            throw new IOException($"{path}: there is no such file");
        byte[] bytes = File.ReadAllBytes(path);
        var owners = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        int number = 0;
        foreach (string line in Encoding.UTF8.GetString(bytes).TrimStart('\uFEFF').Split('\n'))
        {
            number++;
            string[] parts = [.. line.Trim().Split(',', 2).Select(p => p.Trim().Trim('"').Trim())];
            if (parts[0].Length == 0 || parts[0][0] == '#' || (number == 1 && parts is ["domain" or "host", "owner"]))
                continue;
            if (parts.Length < 2 || parts[1].Length == 0)
                throw new IOException($"{path}: line {number}: '{line.Trim()}' is not 'domain,owner'");
            if (!owners.TryAdd(parts[0], parts[1]) && owners[parts[0]] != parts[1])
                throw new IOException($"{path}: line {number}: '{parts[0]}' has two owners, '{owners[parts[0]]}' and '{parts[1]}'");
        }
        if (owners.Count == 0)
            throw new IOException($"{path}: names no owner; a line is 'domain,owner'");
        return new OwnerFile(Convert.ToHexStringLower(System.IO.Hashing.XxHash3.Hash(bytes)), owners);
    }
}
