using System.Net;
using System.Numerics;
using Backlinks.Ingest;
using Microsoft.Security.AntiSSRF;

namespace Backlinks.Tests;

public class AddressGuardTests
{
    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("8.8.8.8")]
    [InlineData("9.255.255.255")]
    [InlineData("11.0.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("126.255.255.255")]
    [InlineData("128.0.0.0")]
    [InlineData("169.253.255.255")]
    [InlineData("169.255.0.0")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("192.0.1.0")]
    [InlineData("192.167.255.255")]
    [InlineData("192.169.0.0")]
    [InlineData("198.17.255.255")]
    [InlineData("198.20.0.0")]
    [InlineData("223.255.255.255")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("2a00:1450:4001:80b::200e")]
    [InlineData("2003::1")]
    [InlineData("::ffff:8.8.8.8")]
    public void Public_addresses_pass(string address) => Assert.Null(AddressGuard.Refusal(IPAddress.Parse(address)));

    [Theory]
    [InlineData("0.0.0.0", "this network")]
    [InlineData("0.255.255.255", "this network")]
    [InlineData("10.0.0.0", "private")]
    [InlineData("10.255.255.255", "private")]
    [InlineData("100.64.0.0", "carriers")]
    [InlineData("100.100.100.200", "carriers")] // a cloud's metadata
    [InlineData("100.127.255.255", "carriers")]
    [InlineData("127.0.0.1", "loopback")]
    [InlineData("127.255.255.255", "loopback")]
    [InlineData("168.63.129.16", "Azure")]
    [InlineData("169.254.169.254", "metadata")]
    [InlineData("172.16.0.0", "private")]
    [InlineData("172.31.255.255", "private")]
    [InlineData("192.0.0.192", "IETF")]
    [InlineData("192.0.2.1", "documentation")]
    [InlineData("192.88.99.1", "6to4")]
    [InlineData("192.168.1.1", "private")]
    [InlineData("198.18.0.0", "benchmarks")]
    [InlineData("198.19.255.255", "benchmarks")]
    [InlineData("198.51.100.7", "documentation")]
    [InlineData("203.0.113.7", "documentation")]
    [InlineData("224.0.0.1", "multicast")]
    [InlineData("239.255.255.255", "multicast")]
    [InlineData("240.0.0.1", "reserved")]
    [InlineData("255.255.255.255", "broadcast")]
    [InlineData("::", "unspecified")]
    [InlineData("::1", "loopback")]
    [InlineData("::2", "IPv4-compatible")]
    [InlineData("::8.8.8.8", "IPv4-compatible")]
    [InlineData("::ffff:127.0.0.1", "loopback")]
    [InlineData("::ffff:10.1.2.3", "private")]
    [InlineData("::ffff:169.254.169.254", "metadata")]
    [InlineData("::ffff:0:8.8.8.8", "translated")]
    [InlineData("64:ff9b::8.8.8.8", "NAT64")]
    [InlineData("64:ff9b:1::1", "NAT64")]
    [InlineData("100::1", "discard")]
    [InlineData("2001::1", "Teredo")]
    [InlineData("2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo")]
    [InlineData("2001:2::1", "IETF")]
    [InlineData("2001:10::1", "IETF")]
    [InlineData("2001:db8::1", "documentation")]
    [InlineData("2002:7f00:1::", "6to4")]
    [InlineData("2620:4f:8000::1", "AS112")]
    [InlineData("3ffe::1", "6bone")]
    [InlineData("3fff:fff::1", "documentation")]
    [InlineData("4000::1", "not global unicast")]
    [InlineData("5f00::1", "segment routing")]
    [InlineData("fc00::1", "private")]
    [InlineData("fd00:ec2::254", "private")] // a cloud's metadata
    [InlineData("fe80::1", "link-local")]
    [InlineData("fe80::1%3", "link-local")]
    [InlineData("fec0::1", "site-local")]
    [InlineData("ff02::1", "multicast")]
    public void What_is_not_public_is_refused_and_named(string address, string what) =>
        Assert.Contains(what, AddressGuard.Refusal(IPAddress.Parse(address)), StringComparison.Ordinal);

    [Fact]
    public void The_switch_opens_loopback_and_nothing_else()
    {
        foreach (string open in (string[])["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
            Assert.Null(AddressGuard.Refusal(IPAddress.Parse(open), allowLoopback: true));
        foreach (string shut in (string[])["0.0.0.0", "::", "10.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fe80::1", "64:ff9b::7f00:1", "::7f00:1", "2002:7f00:1::"])
            Assert.NotNull(AddressGuard.Refusal(IPAddress.Parse(shut), allowLoopback: true));
    }

    [Fact]
    public void Everything_that_AntiSSRF_denies_is_refused()
    {
        var random = new Random(3);
        var ranges = new AntiSSRFPolicy(PolicyConfigOptions.ExternalOnlyLatest).DeniedAddresses.Concat(IPAddressRanges.recommendedLatest).Distinct().ToList();
        Assert.True(ranges.Count > 20);
        foreach (string range in ranges)
        {
            var network = IPNetwork.Parse(range.Contains('/') ? range : range + (range.Contains(':') ? "/128" : "/32"));
            if (range is "::ffff:0:0/96" or "::ffff:0.0.0.0/96")
                continue; // judged by the address inside
            int bits = (network.BaseAddress.GetAddressBytes().Length * 8) - network.PrefixLength;
            BigInteger first = new(network.BaseAddress.GetAddressBytes(), isUnsigned: true, isBigEndian: true);
            for (int i = 0; i < 200; i++)
            {
                BigInteger offset = i == 0 ? 0 : i == 1 ? (BigInteger.One << bits) - 1 : new BigInteger(Bytes(random), isUnsigned: true) & ((BigInteger.One << bits) - 1);
                IPAddress address = Address(first + offset, network.BaseAddress.GetAddressBytes().Length);
                if (!address.IsIPv4MappedToIPv6)
                    Assert.True(AddressGuard.Refusal(address) is not null, $"{address} of {range}");
            }
        }
    }

    private static byte[] Bytes(Random random)
    {
        byte[] bytes = new byte[16];
        random.NextBytes(bytes);
        return bytes;
    }

    private static IPAddress Address(BigInteger value, int length)
    {
        byte[] bytes = new byte[length];
        byte[] have = value.ToByteArray(isUnsigned: true, isBigEndian: true);
        have.CopyTo(bytes, length - have.Length);
        return new IPAddress(bytes);
    }
}
