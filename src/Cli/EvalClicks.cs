using System.CommandLine;
using System.Text.Json.Nodes;
using Backlinks.Evaluation;
using Backlinks.GraphEngine;
using Backlinks.Topics;

namespace Backlinks.Cli;

/// <summary><c>backlinks eval clicks DIR</c>: how well the weights of links foretell which ones people click, by profile and with
/// each factor of the default switched off.</summary>
internal static class EvalClicks
{
    private const double Bar = 3.5; // percent of uniform's bits to be saved

    public static Command Create(Session session)
    {
        Argument<string> folder = new("DIR") { Description = "Folder with links.tsv.gz, clicks*.tsv.gz and texts.jsonl.gz, in the layout of Wikispeedia." };
        Option<string[]> profiles = new("--profile") { Description = "A further profile to measure, and to take apart: a JSON file.", HelpName = "FILE", DefaultValueFactory = _ => [] };
        Option<int> resamples = new("--resamples") { Description = "Resamples of sources for standard errors.", HelpName = "N", DefaultValueFactory = _ => 1000 };
        Option<int> seed = new("--seed") { Description = "Seed of the resamples.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var command = new Command("clicks", "Measure how well link weights foretell human clicks.") { folder, profiles, resamples, seed, session.Json, session.Csv };
        command.SetAction(parsed =>
        {
            Layout layout = session.Layout(parsed);
            LinkProfile[] own = [.. parsed.GetValue(profiles)!.Select(LinkProfileFile.Find)];
            (ClickBits bits, List<(string Name, ClickFinding Finding)> findings) = Watching.Watch(session,
                progress => Run(parsed.GetValue(folder)!, own, parsed.GetValue(resamples), (ulong)parsed.GetValue(seed), progress, session.Cancel));
            Print(session, layout, bits, findings);
            return ExitCode.Done;
        });
        return command;
    }

    internal static (ClickBits Bits, List<(string Name, ClickFinding Finding)> Findings) Run(string folder, LinkProfile[] own, int resamples, ulong seed, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        WikispeediaClicks clicks = WikispeediaClicks.Read(folder, cancel);
        var bits = new ClickBits(clicks, seed, resamples);
        if (bits.Sources.Count == 0)
            throw new EvaluationException(folder, 0, "no page has 5 links and 20 clicks on them: there is nothing to measure");
        uint[]?[] sketches = Sketches(clicks, progress, cancel);
        AnchorForm[] forms = [.. Enumerable.Range(0, clicks.Pages.Count).Select(page => AnchorForms.OfText(clicks.TitleOf(page)))];
        double[] popularity = PopularityOf(clicks);
        var findings = new List<(string, ClickFinding)>();
        void Measure(LinkProfile profile) => findings.Add((profile.Name, bits.Measure((source, link) => LinkWeight.Of(profile, LinkKind.Anchor, LinkRel.None, Zone.Main, link.Position, forms[link.Target],
            sketches[source] is { } a && sketches[link.Target] is { } b ? TermSketch.Similarity(a, b) : float.NaN, popularity[link.Target]).Weight)));
        Measure(LinkProfile.Uniform);
        findings.Add(("exp(-2*p)", bits.Measure((_, link) => Decay(link, 2))));
        foreach (LinkProfile profile in LinkProfile.Named.Where(p => p != LinkProfile.Uniform).Concat(own))
            Measure(profile);
        foreach (LinkProfile profile in own.Prepend(LinkProfile.Default))
            foreach (LinkFactorSet factor in new[] { LinkFactorSet.Rel, LinkFactorSet.Zone, LinkFactorSet.Position, LinkFactorSet.Form, LinkFactorSet.Relevance, LinkFactorSet.Sitewide })
                Measure(profile.Without(factor));
        return (bits, findings);
    }

    /// <summary>The reference: exp(−decay·p), a link of unknown place at .6.</summary>
    internal static double Decay(ClickedLink link, double decay) => Math.Exp(-decay * (float.IsNaN(link.Position) ? .6 : link.Position));

    private static uint[]?[] Sketches(WikispeediaClicks clicks, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        var statistics = new TermStatistics();
        var reader = new TermReader();
        PageTerms?[] pages = new PageTerms?[clicks.Pages.Count];
        for (int page = 0; page < pages.Length; page++)
        {
            cancel.ThrowIfCancellationRequested();
            if ((page & 255) == 0)
                progress?.Report(new StepProgress("reading texts", page, pages.Length, "texts"));
            if (clicks.Texts[page] is not { } text)
                continue;
            pages[page] = reader.Read(new PageContent { Title = clicks.TitleOf(page), Body = text }).Copy();
            statistics.Add(pages[page]!);
        }
        float[] rarities = statistics.Rarities();
        return [.. pages.Select(page => page is null ? null : TermSketch.Of(page, rarities))];
    }

    private static double[] PopularityOf(WikispeediaClicks clicks)
    {
        double[] links = new double[clicks.Pages.Count];
        foreach (ClickedLink link in clicks.Links.SelectMany(l => l))
            links[link.Target]++;
        double most = links.Max();
        return [.. links.Select(l => l / most)];
    }

    private static void Print(Session session, Layout layout, ClickBits bits, List<(string Name, ClickFinding Finding)> findings)
    {
        ClickFinding standard = findings.First(f => f.Name == LinkProfile.Default.Name).Finding;
        if (layout == Layout.Json)
        {
            Printing.Json(session.Terminal, new JsonObject
            {
                ["sources"] = bits.Sources.Count,
                ["clicks"] = bits.Clicks,
                ["bar_saved_percent"] = Bar,
                ["reached"] = standard.Saved >= Bar,
                ["weights"] = new JsonArray([.. findings.Select(f => new JsonObject
                {
                    ["name"] = f.Name,
                    ["bits_per_click"] = Printing.Number(f.Finding.Bits),
                    ["standard_error"] = Printing.Number(f.Finding.Error),
                    ["saved_percent"] = Printing.Number(f.Finding.Saved),
                    ["saved_standard_error"] = Printing.Number(f.Finding.SavedError),
                    ["saved_even_sources"] = Printing.Number(f.Finding.SavedEven),
                    ["saved_odd_sources"] = Printing.Number(f.Finding.SavedOdd),
                })]),
            });
            return;
        }
        double Round(double value) => layout == Layout.Csv ? value : Math.Round(value, 4);
        Printing.Table(session.Terminal, layout, ["weights", "bits per click", "standard error", "saved %", "standard error of it", "even sources", "odd sources"], findings.Select(f => new object?[]
        {
            f.Name, Round(f.Finding.Bits), Round(f.Finding.Error), Round(f.Finding.Saved), Round(f.Finding.SavedError), Round(f.Finding.SavedEven), Round(f.Finding.SavedOdd),
        }));
        session.Note(FormattableString.Invariant($"{bits.Clicks:N0} clicks on {bits.Sources.Count:N0} pages; bar: {Bar} % fewer bits than uniform: {(standard.Saved >= Bar ? "reached" : "not reached")}"));
    }
}
