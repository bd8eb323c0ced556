using System.Net;

namespace Backlinks.Stores;

/// <summary>The network of an address, by which pages of one owner are told.</summary>
public static class Network
{
    /// <summary>/24 of an IPv4 address, /48 of an IPv6 one, such as <c>192.0.2.0/24</c>; "" for loopback and private networks, which say
    /// nothing of an owner, and for what is no address.</summary>
    public static string Of(string address)
    {
        if (address.Length == 0 || !IPAddress.TryParse(address, out IPAddress? ip))
            return "";
        if (ip.IsIPv4MappedToIPv6)
            ip = ip.MapToIPv4();
        if (IPAddress.IsLoopback(ip) || ip.IsIPv6LinkLocal || ip.IsIPv6UniqueLocal)
            return "";
        byte[] bytes = ip.GetAddressBytes();
        if (bytes.Length == 4 && (bytes[0] is 10 or 0 || (bytes[0] == 172 && bytes[1] is >= 16 and < 32) || (bytes[0] == 192 && bytes[1] == 168) || (bytes[0] == 169 && bytes[1] == 254)))
            return "";
        int kept = bytes.Length == 4 ? 3 : 6;
        Array.Clear(bytes, kept, bytes.Length - kept);
        return $"{new IPAddress(bytes)}/{kept * 8}";
    }
}
