namespace Backlinks.Evaluation;

/// <summary>How well one model with one set of features tells spam hosts from others.</summary>
/// <param name="Features">link, content, host name, or all.</param>
/// <param name="Model">logistic, forest, boosting, the mean of the last two, and that taught by content.</param>
public sealed record SpamModelResult(string Features, string Model, int Columns, int Hosts, int Spam, CrossValidated Result);

/// <summary>
/// Models that score how spam-like a host is, fixed once for collections like WEBSPAM-UK2007 (a hundred spam hosts among two thousand):
/// <list type="bullet">
/// <item><b>link</b>: the 41 link features. Boosting sees them as they are, for order is all a tree sees; the forest sees their
/// <see cref="LinkTransforms"/>, which for single trees are splits along diagonals; the mean of the two log-odds is better than either. Tried on other seeds and left out, for no gain: logistic regression, extremely
/// randomised trees, boosting on ratios, kernels, a third and fourth learner in the mean.</item>
/// <item><b>link, taught by content</b>: the same two, learning from targets that a forest on the content features of the training hosts
/// helped to clean (<see cref="Learners.Taught"/>). Hosts are scored by their links alone.</item>
/// <item><b>content</b>: the 96 content features, the same three ways.</item>
/// <item><b>host name</b>: length, digits, hyphens and the like of the name alone; no link feature, and reported apart.</item>
/// <item><b>all</b>: link, content, counts of pages and names.</item>
/// </list>
/// The target learned is the mean assessment, not the label: a host that one of three judges called spam is a third of one.
/// </summary>
public static class SpamModels
{
    /// <summary>The sets of features that the folder allows.</summary>
    public static IReadOnlyList<string> FeatureSets(WebspamFolder folder)
    {
        var sets = new List<string>();
        foreach (string kind in new[] { "link", "content" })
            if (folder.Kinds.Contains(kind))
                sets.Add(kind);
        if (folder.Hosts.Count > 0)
            sets.Add("host name");
        if (folder.Kinds.Contains("link") && folder.Kinds.Contains("content"))
            sets.Add("all");
        return sets;
    }

    /// <summary>Cross-validates the models of one set of features: logistic regression as a reference, forest, boosting, their mean.</summary>
    /// <param name="groupOf">From host to registrable domain.</param>
    public static IReadOnlyList<SpamModelResult> Evaluate(WebspamFolder folder, string set, Func<string, string> groupOf, CrossValidationOptions? options = null, CancellationToken cancel = default)
    {
        SpamExamples examples = folder.Examples(Kinds(folder, set), groupOf);
        FeatureTable raw = examples.Features.Select(name => name is not ("length_of_hostname" or "number_of_pages")), features = raw;
        Func<string, bool> asIs = _ => true, transformed = asIs;
        if (set is "link" or "all")
        {
            FeatureTable ratios = LinkTransforms.Of(raw);
            features = raw.With(ratios);
            asIs = name => !ratios.Has(name);
            transformed = set == "link" ? ratios.Has : name => ratios.Has(name) || !folder.IsLink(name);
        }
        if (set == "host name")
            features = HostNameFeatures.Of(examples.Hosts);
        if (set == "all")
            features = features.With(HostNameFeatures.Of(examples.Hosts)).With(new FeatureTable(["log_number_of_pages"], [[.. Enumerable.Range(0, examples.Count).Select(i => examples.Features.Has("number_of_pages") ? Math.Log(examples.Features["number_of_pages"][i]) : 0)]]));
        CrossValidated Validate(Learner learner) => CrossValidation.Run(features, examples.IsSpam, examples.Spamicity, examples.Group, learner, options, cancel);
        var models = new List<(string Name, CrossValidated Result)>();
        if (set != "all") // its 260 columns would take longer than all else together
            models.Add(("logistic", Validate(Learners.On(transformed, Learners.Logistic(100)))));
        models.Add(("forest", Validate(Learners.On(transformed, Learners.Forest()))));
        models.Add(("boosting", Validate(Learners.On(asIs, Learners.Boosting()))));
        models.Add(("forest and boosting", CrossValidation.Mean([models[^2].Result, models[^1].Result], examples.IsSpam, examples.Group, options)));
        if (set == "link" && folder.Kinds.Contains("content"))
        {
            FeatureTable content = folder.Aligned("content", examples.Ids), both = features.With(content);
            Learner teacher = Learners.On(content.Has, Learners.Forest(new ForestOptions { Trees = 100, PositiveWeight = 1 })); // weight 1: it is its probabilities that teach
            Learner student = Learners.Mean(Learners.On(name => !content.Has(name) && transformed(name), Learners.Forest()), Learners.On(name => !content.Has(name) && asIs(name), Learners.Boosting())); // it never sees content
            models.Add(("forest and boosting, taught by content", CrossValidation.Run(both, examples.IsSpam, examples.Spamicity, examples.Group,
                Learners.Taught(teacher, row => content.Columns.Any(c => !double.IsNaN(c[row])), examples.Group, student), options, cancel)));
        }
        int spam = examples.IsSpam.Count(s => s);
        return [.. models.Select(m => new SpamModelResult(set, m.Name, features.Names.Count, examples.Count, spam, m.Result))];
    }

    private static string[] Kinds(WebspamFolder folder, string set) => set switch
    {
        "link" or "content" => [set],
        "host name" => [folder.Kinds.Contains("link") ? "link" : folder.Kinds.First()],
        "all" => folder.Kinds.Contains("obvious") ? ["link", "content", "obvious"] : ["link", "content"],
        _ => throw new ArgumentException($"there is no set of features '{set}'; there are {string.Join(", ", FeatureSets(folder))}", nameof(set)),
    };
}

/// <summary>What a host's name looks like: spam hosts are often named for what they sell. Not a link feature.</summary>
public static class HostNameFeatures
{
    public static FeatureTable Of(IReadOnlyList<string> hosts)
    {
        double[] Each(Func<string, double> feature) => [.. hosts.Select(feature)];
        return new FeatureTable(
            ["name_length", "name_labels", "name_longest_label", "name_hyphens", "name_digits", "name_vowel_share", "name_is_www", "name_suffix_length"],
            [
                Each(h => h.Length), Each(h => h.Split('.').Length), Each(h => h.Split('.').Max(l => l.Length)), Each(h => h.Count(c => c == '-')), Each(h => h.Count(char.IsAsciiDigit)),
                Each(h => h.Count(c => c is 'a' or 'e' or 'i' or 'o' or 'u') / (double)Math.Max(1, h.Count(char.IsAsciiLetter))), Each(h => h.StartsWith("www.", StringComparison.Ordinal) ? 1 : 0), Each(h => h.Length - h.LastIndexOf('.')),
            ]);
    }
}
