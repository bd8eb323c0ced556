using System.Text;
using System.Text.Json;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using CsCheck;

namespace Backlinks.Tests;

public sealed class HostsToDomainsTests
{
    private static readonly string[] SomeHosts =
    [
        "ac.e-bike", "ac.e-com", "ac.e.shop", "ac.gov", "ac.gov.x", "com", "com.a", "com.a-b.c", "com.a.b-c", "com.a.www",
        "io.github", "io.github-x", "io.github.alice", "io.github.alice-2", "io.github.alice.www", "io.github.www", "io.gitx",
    ];

    [Fact]
    public void Reference_folds_come_out_the_same()
    {
        using JsonDocument tables = JsonDocument.Parse(File.ReadAllText(SharedData.Require("graphs", "commoncrawl", "host_to_domain.json")));
        var lists = new[] { PublicSuffixList.BuiltIn, PublicSuffixList.Load(SharedData.Require("psl", "public_suffix_list.dat")) };
        int fixtures = 0;
        foreach (JsonElement fixture in tables.RootElement.GetProperty("fixtures").EnumerateArray())
            foreach (PublicSuffixList list in lists)
            {
                fixtures++;
                JsonElement o = fixture.GetProperty("options");
                var options = new HostsToDomainsOptions
                {
                    PrivateSuffixes = o.GetProperty("private_suffixes").GetBoolean(),
                    MultiPartSuffixesAsDomains = o.GetProperty("multi_part_suffixes_as_domains").GetBoolean(),
                    StripWwwOnly = o.GetProperty("strip_www_only").GetBoolean(),
                    List = list,
                };
                string[] hosts = [.. fixture.GetProperty("host_vertices").EnumerateArray().Select(v => v.GetProperty("name").GetString()!)];
                using TemporaryFolder temporary = new();
                (string[] names, uint[] counts, _) = Fold(temporary, hosts, [], options);
                Assert.Equal(fixture.GetProperty("domain_vertices").EnumerateArray().Select(v => (v.GetProperty("name").GetString()!, v.GetProperty("hosts").GetUInt32())), names.Zip(counts));
            }
        Assert.Equal(8, fixtures);
    }

    [Fact]
    public void Hosts_out_of_order_are_refused_where_they_are_read()
    {
        using TemporaryFolder temporary = new();
        File.WriteAllText(temporary.File("x-vertices.txt"), "0\tcom.b\n1\tcom.a\n");
        File.WriteAllText(temporary.File("x-edges.txt"), "");
        ImportException error = Assert.Throws<ImportException>(() => CommonCrawlImporter.Import(temporary.Path, temporary.NewFolder()));
        Assert.Equal(2, error.Line);
    }

    [Fact]
    public void Links_are_folded_and_the_host_links_behind_them_counted()
    {
        using TemporaryFolder temporary = new();
        string[] hosts = ["com.a", "com.a.www", "com.b", "com.b.x", "org.c"];
        (string[] names, uint[] counts, LinkGraph graph) = Fold(temporary, hosts, [(0, 2), (1, 2), (1, 3), (0, 1), (3, 2), (2, 4), (4, 4)], new());
        using (graph)
        {
            Assert.Equal(["com.a", "com.b", "org.c"], names);
            Assert.Equal<uint>([2, 2, 1], counts);
            Assert.Equal<uint>([1], graph.OutOf(0));
            Assert.Equal<uint>([2], graph.OutOf(1));
            Assert.Empty(graph.OutOf(2).ToArray());
            Assert.Equal(3u, graph.OutCounts![0]);
            Assert.Equal(1u, graph.OutCounts[1]);
            Assert.Equal("domain", graph.Manifest.Granularity);
            Assert.Equal("icann", graph.Manifest.Source!.Options!["fold"]);
        }
    }

    [Fact]
    public void Weights_are_summed()
    {
        using TemporaryFolder temporary = new();
        (_, _, LinkGraph graph) = Fold(temporary, ["com.a", "com.a.www", "com.b"], [(0, 2, 1.5), (1, 2, 2)], new());
        using (graph)
            Assert.Equal(3.5f, graph.OutWeight(0));
    }

    [Fact]
    public void Hosts_without_a_domain_are_dropped_and_said_so()
    {
        using TemporaryFolder temporary = new();
        string[] hosts = ["1.0.168.192", "com", "com.a", "localhost", "uk.co", "unlisted.x.y"];
        (string[] names, _, LinkGraph graph) = Fold(temporary, hosts, [(0, 2), (2, 1)], new());
        using (graph)
        {
            Assert.Equal(["com.a"], names);
            Assert.Equal("5", graph.Manifest.Source!.Options!["dropped_hosts"]);
            Assert.Equal(0, graph.LinkCount);
        }
        (names, _, graph) = Fold(temporary, hosts, [], new() { KeepUnlisted = true });
        graph.Dispose();
        Assert.Equal(["1.0.168.192", "com.a", "localhost", "unlisted.x"], names);
    }

    [Fact]
    public void Pages_fold_by_their_host()
    {
        using TemporaryFolder temporary = new();
        (string[] names, uint[] counts, LinkGraph graph) = Fold(temporary, ["com.a\thttp:/x", "com.a\thttps:/y", "com.a.www\thttp:/"], [], new());
        graph.Dispose();
        Assert.Equal(["com.a"], names);
        Assert.Equal<uint>([3], counts);
    }

    [Fact]
    public void A_graph_without_names_cannot_be_folded()
    {
        using TestGraph graph = TestGraphs.Of(2, (0, 1));
        using TemporaryFolder temporary = new();
        Assert.Contains("no names", Assert.Throws<ArgumentException>(() => HostsToDomains.Fold(graph, temporary.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_hosts_fold_as_if_each_were_looked_up_and_all_sorted()
    {
        Gen<string> label = Gen.Int[0, 7].Select(i => new[] { "a", "a-", "b", "www", "github", "io", "e-b", "e," }[i]);
        Gen<string> host = Gen.Select(Gen.Int[0, 4].Select(i => new[] { "com", "io", "uk.co", "name.his.forgot", "io.github" }[i]), label.Array[0, 4])
            .Select((top, more) => string.Join('.', [top, .. more]));
        Gen.Select(host.Array[0, 60], Gen.Bool, Gen.Bool, Gen.Bool, Gen.Int[0, 1000]).Sample((hosts, isPrivate, multiPart, www, seed) =>
        {
            string[] sorted = [.. hosts.Concat(SomeHosts).Distinct().Order(StringComparer.Ordinal)];
            var random = new Random(seed);
            TestLink[] links = [.. Enumerable.Range(0, 100).Select(_ => ((int, int))(random.Next(sorted.Length), random.Next(sorted.Length))).Distinct().Select(l => (TestLink)l)];
            var options = new HostsToDomainsOptions { PrivateSuffixes = isPrivate, MultiPartSuffixesAsDomains = multiPart, StripWwwOnly = www };
            using TemporaryFolder temporary = new();
            (string[] names, uint[] counts, LinkGraph graph) = Fold(temporary, sorted, links, options);
            using (graph)
            {
                string?[] naive = [.. sorted.Select(h => NaiveDomain(h, options))];
                var expected = naive.OfType<string>().GroupBy(d => d).OrderBy(g => g.Key, StringComparer.Ordinal);
                Assert.Equal(expected.Select(g => (g.Key, (uint)g.Count())), names.Zip(counts));
                var folded = links.Select(l => (naive[l.Source], naive[l.Target])).Where(l => l.Item1 is not null && l.Item2 is not null && l.Item1 != l.Item2)
                    .GroupBy(l => l).Select(g => (Array.IndexOf(names, g.Key.Item1), Array.IndexOf(names, g.Key.Item2), (uint)g.Count())).Order();
                long p = 0;
                Assert.Equal(folded, Enumerable.Range(0, graph.NodeCount).SelectMany(u => graph.OutOf(u).ToArray().Select(v => (u, (int)v, graph.OutCounts?[p++] ?? 1))));
            }
        }, iter: 60, threads: 1);
    }

    private static string? NaiveDomain(string key, HostsToDomainsOptions options)
    {
        string host = NodeNames.ReverseLabels(key);
        if (options.StripWwwOnly)
            return host.StartsWith("www.", StringComparison.Ordinal) && host.Count(c => c == '.') >= 2 ? NodeNames.ReverseLabels(host[4..]) : key;
        string? domain = PublicSuffixList.BuiltIn.DomainOf(host, options.PrivateSuffixes);
        return domain is not null ? NodeNames.ReverseLabels(domain) : options.MultiPartSuffixesAsDomains && host.Contains('.') ? key : null;
    }

    private static (string[] Names, uint[] Hosts, LinkGraph Graph) Fold(TemporaryFolder temporary, string[] keys, TestLink[] links, HostsToDomainsOptions options)
    {
        string from = temporary.NewFolder(), to = temporary.NewFolder();
        using (NodeNamesWriter names = new(from))
        using (GraphBuilder builder = new(from))
        {
            foreach (string key in keys)
                names.Add(Encoding.UTF8.GetBytes(key));
            foreach (TestLink link in links)
                if (links.Any(l => l.Weight != 1))
                    builder.Add(link.Source, link.Target, link.Weight);
                else
                    builder.Add(link.Source, link.Target);
            builder.Build(keys.Length, names);
        }
        using (LinkGraph hosts = LinkGraph.Open(from))
            HostsToDomains.Fold(hosts, to, options);
        LinkGraph graph = LinkGraph.Open(to);
        MappedArray<uint>? counts = graph.MapIfPresent<uint>("hosts");
        return ([.. Enumerable.Range(0, graph.NodeCount).Select(graph.Names.Key)], [.. Enumerable.Range(0, graph.NodeCount).Select(i => counts![i])], graph);
    }
}
