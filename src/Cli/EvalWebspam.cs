using System.CommandLine;
using Backlinks.Evaluation;
using Backlinks.Ingest;

namespace Backlinks.Cli;

/// <summary><c>backlinks eval webspam DIR</c>: how well models on link features, content features and host names tell spam hosts
/// of WEBSPAM-UK2006 or UK2007 from others, by cross-validation that keeps registrable domains whole.</summary>
internal static class EvalWebspam
{
    private static readonly CrossValidationOptions Defaults = new();
    private static readonly string[] Columns = ["features", "model", "columns", "hosts", "spam", "auc", "auc_error", "auc_from", "auc_to", "fold_auc", "average_precision", "average_precision_error", "average_precision_from", "average_precision_to"];

    public static Command Create(Session session)
    {
        Argument<string> folder = new("DIR") { Description = "Folder with labels, host names and features of WEBSPAM-UK2006 or UK2007, as distributed." };
        Option<int> seeds = new("--seeds") { Description = "How many times, each with other folds.", HelpName = "N", DefaultValueFactory = _ => Defaults.Repeats };
        Option<int> folds = new("--folds") { Description = "Folds, 2 or more.", HelpName = "K", DefaultValueFactory = _ => Defaults.Folds };
        Option<int> first = new("--first-seed") { Description = "The first seed.", HelpName = "S", DefaultValueFactory = _ => (int)Defaults.Seed };
        Option<string[]> only = new("--features") { Description = "Only these: link, content, 'host name', all.", HelpName = "SET", DefaultValueFactory = _ => [] };
        Option<int> threads = new("--threads") { Description = "Worker threads, 0 for one a processor; the result does not depend on it.", HelpName = "N", DefaultValueFactory = _ => Defaults.Threads };
        var command = new Command("webspam", "How well spam hosts of a web spam collection are told from others.") { folder, seeds, folds, first, only, threads, session.Json, session.Csv };
        command.SetAction(parsed =>
        {
            Layout layout = session.Layout(parsed);
            if (parsed.GetValue(first) < 0)
                throw new UsageException($"--first-seed must be 0 or more, not {parsed.GetValue(first)}");
            var options = new CrossValidationOptions { Repeats = parsed.GetValue(seeds), Folds = parsed.GetValue(folds), Seed = (ulong)parsed.GetValue(first), Threads = parsed.GetValue(threads) };
            WebspamFolder data = WebspamFolder.Read(parsed.GetValue(folder)!, session.Cancel);
            session.Note($"read {string.Join(", ", data.Files)}");
            string[] sets = parsed.GetValue(only) is { Length: > 0 } chosen ? chosen : [.. SpamModels.FeatureSets(data)];
            var results = new List<SpamModelResult>();
            foreach (string set in sets)
                results.AddRange(SpamModels.Evaluate(data, set, host => PublicSuffixList.BuiltIn.DomainOf(WithoutPort(host), withPrivate: false) ?? host, options, session.Cancel));
            Printing.Table(session.Terminal, layout, Columns, results.Select(Row));
            session.Note($"{options.Folds} folds that keep registrable domains whole, {options.Repeats} times from seed {options.Seed}; errors are standard errors over those, intervals 95 % by bootstrap over domains");
            return ExitCode.Done;
        });
        return command;
    }

    private static string WithoutPort(string host) => host.Split(':')[0].ToLowerInvariant();

    private static object?[] Row(SpamModelResult r) =>
    [
        r.Features, r.Model, r.Columns, r.Hosts, r.Spam, r.Result.Auc.Mean, r.Result.Auc.Error, r.Result.AucInterval.From, r.Result.AucInterval.To, r.Result.FoldAuc.Mean,
        r.Result.AveragePrecision.Mean, r.Result.AveragePrecision.Error, r.Result.AveragePrecisionInterval.From, r.Result.AveragePrecisionInterval.To,
    ];
}
