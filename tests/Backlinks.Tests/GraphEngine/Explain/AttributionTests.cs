using Backlinks.GraphEngine;

namespace Backlinks.Tests.GraphEngine.Explain;

public sealed class AttributionTests : IDisposable
{
    private static readonly Func<double, double> Score = z => z <= 1 ? 0 : Math.Min(100, 100 * Math.Log10(z) / 3);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A web by names, as node numbers differ between the two sides.</summary>
    private sealed class Side
    {
        public SortedDictionary<(string Source, string Target), double> Links { get; } = [];

        public Dictionary<string, double> Lost { get; } = [];

        public Dictionary<string, double> Teleport { get; } = [];

        public Dictionary<(string Source, string Target), double> Undiscounted { get; } = [];

        public SortedSet<string> More { get; } = ["v"];

        public double Damping { get; set; } = NaiveWeb.Damping;
    }

    private Attribution Between(Side a, Side b, Func<double, double>? scoreB = null)
    {
        (LinkGraph graphA, SolvedAuthority solvedA) = Open(a);
        (LinkGraph graphB, SolvedAuthority solvedB) = Open(b);
        using (graphA)
        using (graphB)
            return Attribution.Between(solvedA, graphA.Names.Find("v"), solvedB, graphB.Names.Find("v"), Score, scoreB);
    }

    private (LinkGraph, SolvedAuthority) Open(Side side)
    {
        string[] names = [.. new SortedSet<string>(side.Links.Keys.SelectMany(l => new[] { l.Source, l.Target }).Concat(side.More), StringComparer.Ordinal)];
        var web = new NaiveWeb(names.Length);
        foreach (var ((source, target), weight) in side.Links)
            web.Weights[(Array.IndexOf(names, source), Array.IndexOf(names, target))] = weight;
        foreach (var (name, lost) in side.Lost)
            web.Lost[Array.IndexOf(names, name)] = lost;
        foreach (var (name, t) in side.Teleport)
            web.Teleport[Array.IndexOf(names, name)] = t;
        if (side.Undiscounted.Count > 0)
            web.Undiscounted = [.. web.Weights.Select(w => side.Undiscounted.GetValueOrDefault((names[w.Key.Source], names[w.Key.Target]), w.Value))];
        LinkGraph graph = web.Build(_folder.NewFolder(), names);
        return (graph, new SolvedAuthority(graph, web.Solve(side.Damping), web.Teleport, side.Damping));
    }

    /// <summary>s→v and x→v; s also links to y; q→s.</summary>
    private static Side Plain() => new() { Links = { [("s", "v")] = 1, [("s", "y")] = 2, [("x", "v")] = 1, [("q", "s")] = 1 } };

    private static void Only(AttributionParts parts, double value, Func<AttributionParts, double> part, double tolerance = 1e-12)
    {
        Assert.NotEqual(0, value);
        Assert.Equal(value, part(parts), tolerance);
        foreach (Func<AttributionParts, double> other in new Func<AttributionParts, double>[] { p => p.LinksLost, p => p.LinksGained, p => p.SourcesOwn, p => p.Dilution, p => p.LinkWeight, p => p.Discount, p => p.Teleport, p => p.Configuration, p => p.Remainder })
            if (other(parts) != part(parts))
                Assert.Equal(0, other(parts), tolerance);
    }

    [Fact]
    public void Nothing_changed_is_zero_in_every_part()
    {
        Attribution told = Between(Plain(), Plain());
        Assert.Equal(default, told.Raw);
        Assert.Equal(default, told.Points);
        Assert.Empty(told.Sources);
        Assert.Equal(2, told.Unchanged);
    }

    [Fact]
    public void A_lost_link_and_a_source_that_is_gone_are_links_lost()
    {
        Side kept = Plain(), gone = Plain();
        kept.Links.Remove(("x", "v"));
        kept.More.Add("x");
        gone.Links.Remove(("x", "v"));
        Attribution lost = Between(Plain(), kept), away = Between(Plain(), gone);
        Only(lost.Raw, -0.85, p => p.LinksLost);
        Only(away.Raw, -0.85, p => p.LinksLost);
        Assert.Equal((SourceChange.LinkLost, SourceChange.SourceGone), (lost.Sources.Single().Change, away.Sources.Single().Change));
        Assert.Equal(("x", 0.85, 0.0), (lost.Sources[0].Name, lost.Sources[0].PassedBefore, lost.Sources[0].PassesAfter));
        Assert.Equal(lost.ScoreAfter - lost.ScoreBefore, lost.Points.LinksLost, 1e-12);
    }

    [Fact]
    public void A_new_link_is_links_gained()
    {
        Side gained = Plain();
        gained.Links[("n", "v")] = 3;
        Attribution told = Between(Plain(), gained);
        Only(told.Raw, 0.85, p => p.LinksGained);
        Assert.Equal(SourceChange.SourceNew, told.Sources.Single().Change);
    }

    [Fact]
    public void A_source_worth_more_is_its_own_change()
    {
        Side more = Plain();
        more.Links[("r", "s")] = 1;
        Only(Between(Plain(), more).Raw, 0.85 / 3 * 0.85, p => p.SourcesOwn);
    }

    [Fact]
    public void A_source_that_links_more_elsewhere_is_dilution_whether_it_passes_there_or_not()
    {
        Side more = Plain(), nofollow = Plain();
        more.Links[("s", "z")] = 3;
        nofollow.Lost["s"] = 3;
        double worth = 0.85 * 1.85;
        Only(Between(Plain(), more).Raw, worth / 6 - worth / 3, p => p.Dilution);
        Only(Between(Plain(), nofollow).Raw, worth / 6 - worth / 3, p => p.Dilution);
    }

    [Fact]
    public void A_heavier_link_is_its_weight_where_the_total_stays()
    {
        Side heavier = Plain();
        heavier.Links[("s", "v")] = 2;
        heavier.Links[("s", "y")] = 1;
        Only(Between(Plain(), heavier).Raw, 0.85 * 1.85 / 3, p => p.LinkWeight);
    }

    [Fact]
    public void A_discount_is_a_discount_down_to_nothing()
    {
        Side some = Plain(), all = Plain();
        (some.Links[("s", "v")], some.Lost["s"], some.Undiscounted[("s", "v")]) = (0.25, 0.75, 1);
        Only(Between(Plain(), some).Raw, -0.75 * 0.85 * 1.85 / 3, p => p.Discount);
        (all.Links[("s", "v")], all.Lost["s"], all.Undiscounted[("s", "v")]) = (0, 1, 1);
        Attribution told = Between(Plain(), all);
        Only(told.Raw, -0.85 * 1.85 / 3, p => p.Discount);
        Only(Between(all, Plain()).Raw, 0.85 * 1.85 / 3, p => p.Discount);
    }

    [Fact]
    public void Teleport_damping_and_scale_have_parts_of_their_own()
    {
        Side seeded = Plain(), damped = new() { Links = { [("x", "v")] = 1 }, Damping = 0.5 };
        seeded.Teleport["v"] = 3;
        Only(Between(Plain(), seeded).Raw, 2, p => p.Teleport);
        Only(Between(new Side { Links = { [("x", "v")] = 1 } }, damped).Raw, -0.35, p => p.Configuration);
        Side through = Plain(); // not as sources that are worth less themselves
        through.Damping = 0.5;
        Only(Between(Plain(), through).Raw, 0.5 * (1 + 0.5) / 3 + 0.5 - 0.85 * 1.85 / 3 - 0.85, p => p.Configuration, 1e-9);
        Attribution scaled = Between(Plain(), Plain(), z => Score(z) / 2);
        Assert.Equal(default, scaled.Raw);
        Assert.Equal(-scaled.ScoreBefore / 2, scaled.Points.Scale, 1e-12);
        Assert.Equal(scaled.ScoreAfter - scaled.ScoreBefore, scaled.Points.Sum, 1e-12);
    }

    [Fact]
    public void Parts_of_random_pairs_sum_to_the_difference_of_raw_and_of_points_and_rows_to_parts()
    {
        var random = new Random(5);
        for (int round = 0; round < 12; round++)
        {
            Side a = Some(random), b = Some(random);
            foreach (var link in a.Links.Where(_ => random.Next(3) > 0).ToList())
                b.Links[link.Key] = random.Next(2) == 0 ? link.Value : (float)(link.Value * (0.5 + random.NextDouble()));
            Attribution told = Between(a, b, random.Next(2) == 0 ? null : z => Score(z) * 0.9);
            double difference = told.RawAfter - told.RawBefore, size = told.RawAfter + told.RawBefore;
            Assert.Equal(difference, told.Raw.Sum, 1e-12 * size);
            Assert.True(Math.Abs(told.Raw.Remainder) <= 1e-9 * size, $"{told.Raw.Remainder}"); // nothing is swept into it
            Assert.Equal(told.ScoreAfter - told.ScoreBefore, told.Points.Sum, 1e-9);
            Assert.True(Math.Abs(told.Points.Remainder) <= 1e-7, $"{told.Points.Remainder}");
            Assert.Equal(difference - told.Raw.Teleport - told.Raw.Remainder, told.Sources.Sum(s => s.Difference), 1e-9 * size);
            foreach (SourceDifference row in told.Sources.Where(s => s.Change == SourceChange.Kept))
                Assert.Equal(row.Difference, row.Own + row.Dilution + row.LinkWeight + row.Discount + row.Configuration, 1e-12 * size);
            Assert.Equal(told.Sources.Select(s => Math.Abs(s.Difference)).OrderDescending(), told.Sources.Select(s => Math.Abs(s.Difference)));
            Attribution back = Between(b, a);
            if (a.Damping != b.Damping) // then the way back goes over another place
                continue;
            Assert.Equal(told.Raw.Dilution, -back.Raw.Dilution, 1e-9 * size);
            Assert.Equal(told.Raw.LinksLost, -back.Raw.LinksGained, 1e-9 * size);
        }
    }

    private static Side Some(Random random)
    {
        var side = new Side { Damping = random.Next(4) == 0 ? 0.8 : 0.85 };
        string Name() => $"n{random.Next(12)}";
        for (int i = random.Next(40); i > 0; i--)
            side.Links[(random.Next(6) == 0 ? "v" : Name(), random.Next(3) == 0 ? "v" : Name())] = (float)(random.NextDouble() + 0.01);
        foreach (string name in side.Links.Keys.Select(l => l.Source).Distinct().ToList())
        {
            if (random.Next(3) == 0)
                side.Lost[name] = random.NextDouble();
            if (random.Next(3) == 0)
                side.Teleport[name] = random.NextDouble() * 2;
        }
        foreach (var link in side.Links)
            if (random.Next(3) == 0)
                side.Undiscounted[link.Key] = (float)(link.Value * (1 + random.NextDouble()));
        return side;
    }
}
