using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Backlinks.Ingest;

/// <summary>
/// Which addresses a crawler may connect to: public ones only. A link on a page is written by a stranger; followed blindly
/// it would reach the machine's own services, its private network, or the cloud's metadata (server-side request forgery).
///
/// Source: IANA's IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and its updates). IPv4 is judged by a list of
/// what is refused; IPv6 the other way round: only global unicast 2000::/3 (RFC 4291, 2.4) passes, less what is reserved
/// in it. An IPv4 address inside ::ffff:0:0/96 is judged as that IPv4 address, for the system connects there; addresses
/// that carry an IPv4 address through a translator or tunnel (NAT64, 6to4, Teredo, ::/96) are refused, whatever they carry.
/// Cost: a walk through a table of 19 ranges, no allocation but for a refusal's text.
/// </summary>
public static class AddressGuard
{
    private const string Loopback = "loopback";

    /// <summary>First address, prefix length, what it is.</summary>
    private static readonly Range4[] Refused4 =
    [
        new(0, 0, 0, 0, 8, "this network"),
        new(10, 0, 0, 0, 8, "private"),
        new(100, 64, 0, 0, 10, "shared by carriers"),
        new(127, 0, 0, 0, 8, Loopback),
        new(169, 254, 0, 0, 16, "link-local, cloud metadata"),
        new(168, 63, 129, 16, 32, "Azure's host"), // public by number, yet answered by the virtual machine's host
        new(172, 16, 0, 0, 12, "private"),
        new(192, 0, 0, 0, 24, "IETF protocols"),
        new(192, 0, 2, 0, 24, "documentation"),
        new(192, 31, 196, 0, 24, "AS112 anycast"),
        new(192, 52, 193, 0, 24, "multicast tunnels"),
        new(192, 88, 99, 0, 24, "6to4 relays"),
        new(192, 168, 0, 0, 16, "private"),
        new(192, 175, 48, 0, 24, "AS112 anycast"),
        new(198, 18, 0, 0, 15, "benchmarks"),
        new(198, 51, 100, 0, 24, "documentation"),
        new(203, 0, 113, 0, 24, "documentation"),
        new(224, 0, 0, 0, 4, "multicast"),
        new(240, 0, 0, 0, 4, "reserved, broadcast"),
    ];

    /// <summary>In the order of judging: the first that holds the address names it.</summary>
    private static readonly Range6[] Refused6 =
    [
        new("::", 128, "unspecified"),
        new("::1", 128, Loopback),
        new("::", 96, "IPv4-compatible"),
        new("::ffff:0:0:0", 96, "IPv4-translated"),
        new("64:ff9b::", 96, "NAT64"),
        new("64:ff9b:1::", 48, "NAT64"),
        new("100::", 64, "discard"),
        new("2001::", 32, "Teredo"),
        new("2001::", 23, "IETF protocols"),
        new("2001:db8::", 32, "documentation"),
        new("2002::", 16, "6to4"),
        new("2620:4f:8000::", 48, "AS112 anycast"),
        new("3ffe::", 16, "6bone"),
        new("3fff::", 20, "documentation"),
        new("5f00::", 16, "segment routing"),
        new("fc00::", 7, "private"),
        new("fe80::", 10, "link-local"),
        new("fec0::", 10, "site-local"),
        new("ff00::", 8, "multicast"),
    ];

    /// <summary>Why the address must not be connected to, for people; null where it may.</summary>
    /// <param name="allowLoopback">Opens 127.0.0.0/8 and ::1, nothing else.</param>
    public static string? Refusal(IPAddress address, bool allowLoopback = false)
    {
        string? what;
        if (Plain(address) is { AddressFamily: AddressFamily.InterNetwork } v4)
            what = Find4(v4);
        else if (address.AddressFamily == AddressFamily.InterNetworkV6)
            what = Find6(address);
        else
            what = "not IP";
        return what is null || (allowLoopback && what == Loopback) ? null : $"{address} is not a public address ({what})";
    }

    /// <summary>The address that the system connects to: IPv4 out of ::ffff:0:0/96.</summary>
    public static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static string? Find4(IPAddress address)
    {
        uint value = 0;
        address.TryWriteBytes(MemoryMarshal.AsBytes(new Span<uint>(ref value)), out _);
        if (BitConverter.IsLittleEndian)
            value = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(value);
        foreach (Range4 range in Refused4)
            if ((value & range.Mask) == range.First)
                return range.What;
        return null;
    }

    private static string? Find6(IPAddress address)
    {
        UInt128 value = Value(address);
        foreach (Range6 range in Refused6)
            if ((value & range.Mask) == range.First)
                return range.What;
        return value >> 125 == 1 ? null : "not global unicast";
    }

    private static UInt128 Value(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private readonly struct Range4(byte a, byte b, byte c, byte d, int prefix, string what)
    {
        public readonly uint First = (uint)((a << 24) | (b << 16) | (c << 8) | d), Mask = uint.MaxValue << (32 - prefix);
        public readonly string What = what;
    }

    private readonly struct Range6(string first, int prefix, string what)
    {
        public readonly UInt128 First = Value(IPAddress.Parse(first)), Mask = UInt128.MaxValue << (128 - prefix);
        public readonly string What = what;
    }
}
