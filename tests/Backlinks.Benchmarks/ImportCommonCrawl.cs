using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using Backlinks.GraphEngine;
using Backlinks.Ingest;

namespace Backlinks.Benchmarks;

/// <summary>
/// How fast does a Common Crawl host graph come in and fold to domains, and how many suffix look-ups does a second have?
/// A made graph (<c>--edges 30000000</c>) of hosts under made domains, written as gzip text sorted as Common Crawl's is.
/// </summary>
internal static class ImportCommonCrawl
{
    public static int Run(string[] args)
    {
        int at = Array.IndexOf(args, "--edges");
        long edges = at >= 0 ? long.Parse(args[at + 1], CultureInfo.InvariantCulture) : 30_000_000;
        int hosts = (int)(edges / 10);
        string folder = Directory.CreateTempSubdirectory("backlinks-cc-").FullName;
        try
        {
            byte[][] keys = MakeKeys(hosts);
            Write(folder, keys, edges);
            string into = Directory.CreateDirectory(Path.Combine(folder, "hosts")).FullName, domains = Directory.CreateDirectory(Path.Combine(folder, "domains")).FullName;

            long start = Stopwatch.GetTimestamp();
            using (TextBlocks text = new(Path.Combine(folder, "made-host-edges.txt.gz")))
                while (text.MoveNext(out _))
                {
                    // Unpacking alone: what the import cannot beat.
                }
            Print("unpack", edges, "edges", start);

            var steps = new Steps();
            start = Stopwatch.GetTimestamp();
            GraphManifest manifest = CommonCrawlImporter.Import(Path.Combine(folder, "made-host-edges.txt.gz"), into, null, steps);
            Print("import, both directions", edges, "edges", start);
            Console.WriteLine(steps.End());
            if (manifest.Observed != edges || manifest.Nodes != hosts)
                throw new InvalidOperationException($"{manifest.Observed} edges and {manifest.Nodes} hosts came in, not {edges} and {hosts}");

            using LinkGraph graph = LinkGraph.Open(into);
            start = Stopwatch.GetTimestamp();
            GraphManifest folded = HostsToDomains.Fold(graph, domains);
            Print($"fold to {folded.Nodes} domains", hosts, "hosts", start);

            PublicSuffixList list = PublicSuffixList.BuiltIn;
            long bytes = 0;
            foreach (byte[] key in keys)
                bytes += list.DomainLength(key, true, out _);
            start = Stopwatch.GetTimestamp();
            foreach (byte[] key in keys)
                bytes -= list.DomainLength(key, true, out _);
            Print("suffix look-ups", hosts, "keys", start);
            return bytes == 0 ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Print(string what, long count, string unit, long start)
    {
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Console.WriteLine(FormattableString.Invariant($"{what}: {seconds:f2} s, {count / seconds / 1e6:f2} M {unit}/s"));
    }

    /// <summary>When each step began.</summary>
    private sealed class Steps : IProgress<StepProgress>
    {
        private readonly StringBuilder _text = new();
        private readonly long _start = Stopwatch.GetTimestamp();
        private string _step = "";

        public void Report(StepProgress value)
        {
            if (value.Step == _step)
                return;
            _step = value.Step;
            _text.Append(CultureInfo.InvariantCulture, $"  {Stopwatch.GetElapsedTime(_start).TotalSeconds:f2} s {_step}");
        }

        public string End() => _text.ToString();
    }

    private static byte[][] MakeKeys(int hosts)
    {
        string[] tops = ["com", "org", "net", "de", "uk.co", "jp.co", "br.com", "io.github", "com.blogspot"];
        var random = new Random(1);
        var keys = new HashSet<string>();
        while (keys.Count < hosts)
        {
            string domain = $"{tops[random.Next(tops.Length)]}.{(char)('a' + random.Next(26))}{random.Next(hosts / 2)}{(random.Next(5) == 0 ? "-x" : "")}";
            keys.Add(random.Next(3) == 0 ? domain : $"{domain}.{(random.Next(2) == 0 ? "www" : "h" + random.Next(9))}");
        }
        return [.. keys.Order(StringComparer.Ordinal).Select(Encoding.ASCII.GetBytes)];
    }

    private static void Write(string folder, byte[][] keys, long edges)
    {
        using (StreamWriter vertices = Gzip(Path.Combine(folder, "made-host-vertices.txt.gz")))
            for (int i = 0; i < keys.Length; i++)
                vertices.Write(string.Create(CultureInfo.InvariantCulture, $"{i}\t{Encoding.ASCII.GetString(keys[i])}\n"));
        using StreamWriter text = Gzip(Path.Combine(folder, "made-host-edges.txt.gz"));
        var random = new Random(2);
        long perHost = edges / keys.Length, extra = edges % keys.Length;
        for (int u = 0; u < keys.Length; u++)
        {
            var targets = new SortedSet<int>();
            while (targets.Count < perHost + (u < extra ? 1 : 0))
                targets.Add(random.Next(keys.Length));
            foreach (int v in targets)
                text.Write(string.Create(CultureInfo.InvariantCulture, $"{u}\t{v}\n"));
        }
    }

    private static StreamWriter Gzip(string path) =>
        new(new GZipStream(File.Create(path), CompressionLevel.Fastest), new UTF8Encoding(false), 1 << 16);
}
