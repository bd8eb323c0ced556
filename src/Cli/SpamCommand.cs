using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Spam;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary><c>backlinks spam [CLUSTER|TARGET]</c>: groups of domains that link in order to boost, with the reasons; one of them in
/// full; or what a domain has to do with them.</summary>
internal static class SpamCommand
{
    private const int MembersTold = 40; // of a cluster, for people; JSON and CSV hold all
    private const int VictimsDrawn = 10;

    public static Command Create(Session session)
    {
        Argument<string?> what = new("CLUSTER|TARGET") { Description = "A cluster's id (c-…), or a domain; without, all clusters are listed.", Arity = ArgumentArity.ZeroOrOne };
        Option<double> least = new("--min-score") { Description = "List clusters from this score on, 0 to 100.", HelpName = "N", DefaultValueFactory = _ => 0 };
        Option<string?> dot = new("--graphviz") { Description = "Also write the cluster's evidence as a drawing for Graphviz.", HelpName = "FILE" };
        Option<string?> graphMl = new("--graphml") { Description = "Also write it as GraphML.", HelpName = "FILE" };
        var command = new Command("spam", "Show clusters of domains that link in order to boost, with reasons and counter-evidence.") { what, least, dot, graphMl, session.RunId, session.Json, session.Csv };
        command.SetAction(parsed =>
        {
            Layout layout = session.Layout(parsed);
            string? dotPath = parsed.GetValue(dot), graphMlPath = parsed.GetValue(graphMl);
            if (parsed.GetValue(least) is not (>= 0 and <= 100))
                throw new UsageException($"--min-score must be 0 to 100, not {parsed.GetValue(least).ToString(CultureInfo.InvariantCulture)}");
            using Run run = session.OpenRun(parsed);
            SpamReport report = Report(run);
            string? name = parsed.GetValue(what);
            if (name is not null && report.Clusters.FirstOrDefault(c => c.Id == name) is { } cluster)
            {
                Show(session, layout, run, cluster);
                Draw(session, run, cluster, dotPath, graphMlPath);
            }
            else if (dotPath is not null || graphMlPath is not null)
                throw new UsageException("--graphviz and --graphml draw one cluster: name it by its id");
            else if (name is null)
                List(session, layout, report, parsed.GetValue(least));
            else if (LooksLikeId(name))
                throw new UsageException($"run {run.Id} has no cluster '{name}'; " + (report.Clusters.Count == 0 ? "it has none" : $"it has {report.Clusters.Count}, such as {string.Join(", ", report.Clusters.Take(5).Select(c => c.Id))}"));
            else
                return Target(session, layout, run, report, name);
            return ExitCode.Done;
        });
        return command;
    }

    /// <exception cref="StoreException">The run was made without looking for spam.</exception>
    internal static SpamReport Report(Run run) =>
        run.Document(SpamReport.FileName) is { } json ? SpamReport.Parse(json, Path.Combine(run.Folder, SpamReport.FileName))
        : throw new StoreException(run.Folder, "was made without looking for spam: spam is found in runs of the link store ('backlinks rank --store' without '--without spam')");

    /// <summary>The node of a domain: <c>domain:</c> before it, or a URL around it, is taken off; −1 where the run does not know it.</summary>
    internal static int Find(Run run, string target)
    {
        string name = RunAuthority.WithoutPrefix(target);
        int node = run.Graph.Names.Find(name);
        if (node < 0 && Uri.TryCreate(name, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https")
            node = Nearest(run.Graph.Names, url.IdnHost);
        return node >= 0 ? node : Nearest(run.Graph.Names, name);
    }

    internal static int NotInIndex(Session session, Layout layout, Run run, string target)
    {
        if (layout == Layout.Json)
            Printing.Json(session.Terminal, new JsonObject { ["run"] = run.Id, ["target"] = target, ["in_index"] = false });
        else
            Printing.Lines(session.Terminal, $"{Printing.Printable(target)} is not in the index: run {run.Id} knows no such domain");
        return ExitCode.Done;
    }

    /// <summary>Cluster of each domain: 0 for none, else 1 + its place in the report.</summary>
    internal static MappedArray<uint> ClusterOf(Run run) =>
        run.Array<uint>("cluster") ?? throw new StoreException(run.Folder, "has no array 'cluster': rank again");

    /// <summary>A host's own node, else that of a domain above it.</summary>
    private static int Nearest(NodeNames names, string host)
    {
        for (; host.Contains('.', StringComparison.Ordinal); host = host[(host.IndexOf('.', StringComparison.Ordinal) + 1)..])
            if (names.Find(host) is var node && node >= 0)
                return node;
        return -1;
    }

    private static bool LooksLikeId(string name) => name.Length == 10 && name.StartsWith("c-", StringComparison.Ordinal) && name.AsSpan(2).ContainsAnyExcept("0123456789abcdef") is false;

    private static void List(Session session, Layout layout, SpamReport report, double least)
    {
        SpamCluster[] clusters = [.. report.Clusters.Where(c => c.Score >= least)];
        Printing.Table(session.Terminal, layout, ["id", "score", "confirmed", "members", "targets", "insularity", "families", "first_target", "first_reason"], clusters.Select(c => new object?[]
        {
            c.Id, c.Score, c.Confirmed, c.Members.Count, c.Members.Count(m => m.Role == SpamRole.Target), c.Insularity, Families(c),
            c.Members[0].Role == SpamRole.Target ? c.Members[0].Name : null, c.Reasons.Count > 0 ? c.Reasons[0].Text : null,
        }));
        if (layout == Layout.Text)
            session.Note($"{clusters.Length} clusters, {clusters.Count(c => c.Confirmed)} of them confirmed (80 or more); {report.Excluded.Count} domains were excluded first. Clusters are claims to review, not verdicts on single sites.");
    }

    private static string Families(SpamCluster cluster) =>
        string.Join(" ", cluster.Families.Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.Key.ToString().ToLowerInvariant()} {f.Value:+0.0;-0.0}")));

    private static void Show(Session session, Layout layout, Run run, SpamCluster cluster)
    {
        Authority[] authority = AuthorityOf(session, run, cluster);
        if (layout == Layout.Json)
        {
            JsonObject json = SpamReport.Describe(cluster);
            json["run"] = run.Id;
            foreach ((JsonNode? member, Authority of) in json["members"]!.AsArray().Zip(authority))
                (member!["raw_with"], member["raw_without"]) = (of.With, of.Without);
            Printing.Json(session.Terminal, json);
            return;
        }
        IEnumerable<object?[]> rows = cluster.Members.Zip(authority, (m, a) => new object?[] { m.Name, m.Role.ToString().ToLowerInvariant(), a.With, a.Without, m.Supporters, m.Outside });
        string[] columns = ["member", "role", "raw_with", "raw_without", "supporters_inside", "supporters_outside"];
        if (layout == Layout.Csv)
        {
            Printing.Table(session.Terminal, layout, columns, rows);
            return;
        }
        Printing.Lines(session.Terminal, [
            string.Create(CultureInfo.InvariantCulture, $"cluster {cluster.Id}: score {cluster.Score:0}{(cluster.Confirmed ? ", confirmed" : "")}, {cluster.Members.Count} members, {cluster.InnerLinks} links inside, insularity {cluster.Insularity:0.00}"),
            $"log-odds by family of evidence: {Families(cluster)}",
            .. cluster.Reasons.SelectMany(Reason),
            .. cluster.CounterEvidence.Select(c => $"  against: {Printing.Printable(c)}"),
            .. cluster.Victims.Count == 0 ? [] : new[] { "  camouflage, no members: " + string.Join(", ", cluster.Victims.Select(v => $"{Printing.Printable(v.Name)} ({v.Boosters})")) },
        ]);
        Printing.Table(session.Terminal, Layout.Text, columns, rows.Take(MembersTold));
        if (cluster.Members.Count > MembersTold)
            session.Note($"{cluster.Members.Count - MembersTold} more members; --json or --csv lists all");
    }

    private static IEnumerable<string> Reason(SpamReason reason)
    {
        yield return string.Create(CultureInfo.InvariantCulture, $"  {reason.Family.ToString().ToLowerInvariant()} {reason.LogRatio:+0.0;-0.0}: {Printing.Printable(reason.Text)}");
        if (reason.Examples.Count > 0)
            yield return "      such as " + string.Join(", ", reason.Examples.Select(Printing.Printable));
    }

    private static readonly string[] DampingOf = ["raw", "authority", "pagerank"]; // the first that says it

    private static double Damping(Run run) =>
        DampingOf.Select(name => (double?)run.Manifest.Configuration.GetValueOrDefault(name)?["damping"]).FirstOrDefault(d => d is not null) ?? new PageRankOptions().Damping;

    private readonly record struct Authority(double With, double Without);

    /// <summary>Raw authority of each member with the cluster's inner links and without them.</summary>
    private static Authority[] AuthorityOf(Session session, Run run, SpamCluster cluster)
    {
        int[] nodes = [.. cluster.Members.Select(m => run.Graph.Names.Find(m.Name))];
        var inside = nodes.ToHashSet();
        double damping = Damping(run);
        double[] without = DiscountedAuthority.Compute(run.Graph, (u, v) => inside.Contains(u) && inside.Contains(v) ? 0 : 1, damping, session.Cancel);
        return [.. cluster.Members.Select((m, i) => new Authority(m.Raw, nodes[i] < 0 ? double.NaN : without[nodes[i]]))];
    }

    private static void Draw(Session session, Run run, SpamCluster cluster, string? dotPath, string? graphMlPath)
    {
        if (dotPath is null && graphMlPath is null)
            return;
        LinkGraph graph = run.Graph;
        var nodes = new List<NeighbourNode>();
        var raw = run.Array<double>("raw_before") ?? run.Array<double>("raw");
        foreach (SpamMember member in cluster.Members)
            if (graph.Names.Find(member.Name) is var node && node >= 0)
                nodes.Add(new NeighbourNode(node, member.Name, member.Raw, cluster.Score, member.Role == SpamRole.Target ? 0 : 1));
        foreach (CamouflageVictim victim in cluster.Victims.Take(VictimsDrawn))
            if (graph.Names.Find(victim.Name) is var node && node >= 0)
                nodes.Add(new NeighbourNode(node, victim.Name, raw?[node] ?? double.NaN, 0, 2));
        var drawn = nodes.Select(n => n.Node).ToHashSet();
        var links = new List<NeighbourLink>();
        double damping = Damping(run);
        foreach (NeighbourNode node in nodes.Where(n => n.Distance < 2))
        {
            double total = graph.OutTotal(node.Node);
            for (long i = graph.OutOffsets[node.Node]; i < graph.OutOffsets[node.Node + 1L]; i++)
                if (graph.OutLinks[i] is var target && drawn.Contains((int)target) && graph.OutWeight(i) is var weight && weight > 0)
                    links.Add(new NeighbourLink(node.Node, (int)target, weight, weight / total, damping * weight / total * node.Raw));
        }
        var extract = Neighbourhood.Of(nodes, links);
        if (dotPath is not null)
            ExportFile.Write(dotPath, extract.WriteDot);
        if (graphMlPath is not null)
            ExportFile.Write(graphMlPath, extract.WriteGraphMl);
        session.Note($"wrote {nodes.Count} nodes and {links.Count} links to {string.Join(" and ", new[] { dotPath, graphMlPath }.OfType<string>())}");
    }

    private static int Target(Session session, Layout layout, Run run, SpamReport report, string name)
    {
        int node = Find(run, name);
        if (node < 0)
            return NotInIndex(session, layout, run, name);
        MappedArray<uint> cluster = ClusterOf(run);
        SpamCluster? own = cluster[node] == 0 ? null : report.Clusters[(int)cluster[node] - 1];
        string domain = run.Graph.Names[node];
        var from = InLinks(run, node, cluster, session.Cancel);
        double all = from.Sum(f => f.Passes);
        var rows = from.Where(f => f.Cluster != 0).GroupBy(f => f.Cluster).Select(g => (Cluster: report.Clusters[(int)g.Key - 1], Count: g.Count(), Passes: g.Sum(f => f.Passes), Examples: g.OrderByDescending(f => f.Passes).Take(5).Select(f => run.Graph.Names[f.Source]).ToArray()))
            .OrderByDescending(r => r.Passes).ToArray();
        string? excluded = report.Excluded.FirstOrDefault(e => e.Name == domain)?.Reason;
        if (layout == Layout.Json)
        {
            Printing.Json(session.Terminal, new JsonObject
            {
                ["run"] = run.Id,
                ["target"] = domain,
                ["in_index"] = true,
                ["spam_score"] = own?.Score ?? 0,
                ["cluster"] = own?.Id,
                ["role"] = own?.Members.First(m => m.Name == domain).Role.ToString().ToLowerInvariant(),
                ["excluded"] = excluded,
                ["in_links"] = from.Count,
                ["in_links_from_clusters"] = from.Count(f => f.Cluster != 0),
                ["share_from_clusters"] = all > 0 ? rows.Sum(r => r.Passes) / all : 0,
                ["clusters"] = new JsonArray([.. rows.Select(r => new JsonObject
                {
                    ["id"] = r.Cluster.Id, ["score"] = r.Cluster.Score, ["confirmed"] = r.Cluster.Confirmed, ["in_links"] = r.Count, ["share"] = all > 0 ? r.Passes / all : 0,
                    ["examples"] = new JsonArray([.. r.Examples.Select(e => JsonValue.Create(e))]),
                })]),
            });
            return ExitCode.Done;
        }
        string[] columns = ["cluster", "score", "confirmed", "in_links", "share", "examples"];
        IEnumerable<object?[]> table = rows.Select(r => new object?[] { r.Cluster.Id, r.Cluster.Score, r.Cluster.Confirmed, r.Count, all > 0 ? r.Passes / all : 0.0, string.Join(' ', r.Examples) });
        if (layout == Layout.Text)
            Printing.Lines(session.Terminal,
                own is null ? $"{Printing.Printable(domain)} is a member of no cluster" : string.Create(CultureInfo.InvariantCulture, $"{Printing.Printable(domain)} is a {own.Members.First(m => m.Name == domain).Role.ToString().ToLowerInvariant()} of cluster {own.Id} (score {own.Score:0}{(own.Confirmed ? ", confirmed" : "")})"),
                $"{from.Count(f => f.Cluster != 0)} of {from.Count} domains that link to it are members of clusters" + (excluded is null ? "" : $"; left out as a target: it {Printing.Printable(excluded)}"));
        if (layout == Layout.Csv || rows.Length > 0)
            Printing.Table(session.Terminal, layout, columns, table);
        return ExitCode.Done;
    }

    /// <summary>Sources of a node, their cluster and what they would pass without any discount, in parts of d.</summary>
    internal static List<(int Source, uint Cluster, double Passes)> InLinks(Run run, int node, MappedArray<uint> cluster, CancellationToken cancel)
    {
        MappedArray<double>? raw = run.Array<double>("raw_before") ?? run.Array<double>("raw");
        var from = new List<(int, uint, double)>();
        long position = run.Graph.InOffsets[node];
        foreach (uint source in run.Graph.InOf(node))
        {
            cancel.ThrowIfCancellationRequested();
            double weight = run.Graph.InWeights is { } weights ? weights[position] : 1, total = run.Graph.OutTotal((int)source);
            position++;
            if (source != (uint)node)
                from.Add(((int)source, cluster[(int)source], total > 0 ? weight / total * (raw?[(int)source] ?? 1) : 0));
        }
        return from;
    }
}
