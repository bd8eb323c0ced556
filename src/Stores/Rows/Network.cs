using System.Buffers.Binary;
using System.Net;

namespace Backlinks.Stores;

/// <summary>The network of an address, by which pages of one owner are told: /24 of IPv4, /48 of IPv6, as a number or a name.</summary>
public static class Network
{
    private const ulong IPv4 = 1UL << 62, IPv6 = 1UL << 63;

    /// <summary>As a number; 0 for loopback and private networks, which say nothing of an owner, and for what is no address.</summary>
    public static ulong KeyOf(string address)
    {
        if (address.Length == 0 || !IPAddress.TryParse(address, out IPAddress? ip))
            return 0;
        if (ip.IsIPv4MappedToIPv6)
            ip = ip.MapToIPv4();
        if (IPAddress.IsLoopback(ip) || ip.IsIPv6LinkLocal || ip.IsIPv6UniqueLocal)
            return 0;
        Span<byte> bytes = stackalloc byte[16];
        _ = ip.TryWriteBytes(bytes, out int length);
        if (length == 16)
            return IPv6 | BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 16;
        bool own = bytes[0] is 10 or 0 || (bytes[0] == 172 && bytes[1] is >= 16 and < 32) || (bytes[0] == 192 && bytes[1] == 168) || (bytes[0] == 169 && bytes[1] == 254);
        return own ? 0 : IPv4 | BinaryPrimitives.ReadUInt32BigEndian(bytes) & 0xFFFFFF00;
    }

    /// <summary>The name of a <see cref="KeyOf"/>, such as <c>192.0.2.0/24</c>; "" for 0.</summary>
    public static string NameOf(ulong key)
    {
        if (key == 0)
            return "";
        byte[] bytes = new byte[(key & IPv6) != 0 ? 16 : 4];
        if (bytes.Length == 16)
            BinaryPrimitives.WriteUInt64BigEndian(bytes, key << 16);
        else
            BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)key);
        return $"{new IPAddress(bytes)}/{(bytes.Length == 16 ? 48 : 24)}";
    }

    /// <summary>The name of an address's network, "" where it has none.</summary>
    public static string Of(string address) => NameOf(KeyOf(address));
}
