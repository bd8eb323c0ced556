using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace Backlinks.Api;

/// <summary>Which names and addresses are this machine's, and which requests come from it.</summary>
internal static class Addresses
{
    /// <summary>Whether every address listened on is of loopback, so that no other machine can reach the service.</summary>
    public static bool OnlyLoopback(IEnumerable<string> urls) => urls.All(url => IsLoopbackName(BindingAddress.Parse(url).Host));

    /// <summary>Names that a Host header may carry when a caller on this machine needs no key.</summary>
    public static IReadOnlySet<string> Names(ApiOptions options)
    {
        HashSet<string> names = new(StringComparer.OrdinalIgnoreCase) { "localhost", "127.0.0.1", "[::1]" };
        foreach (string url in options.Urls)
            if (BindingAddress.Parse(url).Host is { Length: > 0 } host && host is not ("*" or "+" or "0.0.0.0" or "[::]"))
                names.Add(host);
        names.UnionWith(options.AllowedHosts);
        return names;
    }

    /// <summary>Whether the other end of the connection is on this machine. A proxy's word about it does not count.</summary>
    public static bool IsLocal(HttpContext context) => context.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(Unmapped(remote));

    /// <summary>What callers without a key are told apart by: the address, or the network of 64 bits that one IPv6 customer has.</summary>
    public static string Of(HttpContext context)
    {
        if (context.Connection.RemoteIpAddress is not { } remote)
            return "unknown";
        IPAddress address = Unmapped(remote);
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return address.ToString();
        byte[] bytes = address.GetAddressBytes();
        Array.Clear(bytes, 8, 8);
        return IPAddress.IsLoopback(address) ? "::1" : new IPAddress(bytes) + "/64";
    }

    private static IPAddress Unmapped(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static bool IsLoopbackName(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(Unmapped(address)));
}
