namespace Backlinks.Evaluation;

/// <summary>How to cross-validate.</summary>
public sealed record CrossValidationOptions
{
    /// <summary>k, at least 2. Default 10: with some hundred positives it matters that a model learns from nine tenths of them, not four fifths.</summary>
    public int Folds { get; init; } = 10;

    /// <summary>How many times with other folds and other seeds of the learner, at least 1. Default 10.</summary>
    public int Repeats { get; init; } = 10;

    /// <summary>Seed of the first repeat; the others follow it.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Resamples for the interval, at least 20.</summary>
    public int Resamples { get; init; } = 1000;

    /// <summary>Threads, 0 for one a processor; the result does not depend on it.</summary>
    public int Threads { get; init; }
}

/// <summary>What cross-validation measured.</summary>
/// <param name="Auc">Mean over the repeats of the AUC of all rows, each scored by the model that had not seen its group; error over repeats.</param>
/// <param name="AucInterval">95 %, by bootstrap over groups: how far other hosts of the same kind would have moved it.</param>
/// <param name="FoldAuc">Mean of the folds' own AUC, as others report it: scores of different models are not compared.</param>
/// <param name="AveragePrecision">As <paramref name="Auc"/>.</param>
/// <param name="Scores">By repeat, then row: log-odds.</param>
public sealed record CrossValidated(Estimate Auc, Interval AucInterval, Estimate FoldAuc, Estimate AveragePrecision, Interval AveragePrecisionInterval, double[][] Scores);

/// <summary>
/// k-fold cross-validation with whole groups: hosts of one registrable domain are in one fold, because they are alike and share their
/// label. Groups are dealt in a shuffled order to the fold that has the fewest positives (groups with positives) or the fewest rows.
/// Learners fit everything on the training folds, so nothing of a test fold leaks. Repeats and folds run in parallel, each with a seed
/// of its own: the threads do not matter.
/// </summary>
public static class CrossValidation
{
    /// <param name="positive">What is measured against.</param>
    /// <param name="targets">What is learned, 0 to 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range, or there are fewer groups with positives than folds.</exception>
    public static CrossValidated Run(FeatureTable features, bool[] positive, double[] targets, int[] groups, Learner learner,
        CrossValidationOptions? options = null, CancellationToken cancel = default)
    {
        CrossValidationOptions o = options ?? new();
        int[][] folds = AllFolds(groups, positive, o);
        double[][] scores = [.. folds.Select(_ => new double[positive.Length])];
        Parallel.For(0, o.Repeats * o.Folds, new ParallelOptions { MaxDegreeOfParallelism = o.Threads == 0 ? Environment.ProcessorCount : o.Threads, CancellationToken = cancel }, task =>
        {
            (int repeat, int fold) = Math.DivRem(task, o.Folds);
            int[] training = [.. Enumerable.Range(0, positive.Length).Where(row => folds[repeat][row] != fold)], test = [.. Enumerable.Range(0, positive.Length).Where(row => folds[repeat][row] == fold)];
            double[] seen = new double[targets.Length]; // a learner that looked at a test row's target would find nothing there
            Array.Fill(seen, double.NaN);
            foreach (int row in training)
                seen[row] = targets[row];
            double[] odds = learner(features, seen, training, test, SeededRandom.Mix(o.Seed + (ulong)repeat) + (ulong)fold);
            for (int i = 0; i < test.Length; i++)
                scores[repeat][test[i]] = odds[i];
        });
        return Measure(scores, folds, positive, groups, o);
    }

    /// <summary>What the mean of the log-odds of several models reaches, from their runs with the same examples and options: every
    /// row was scored by models that had not seen its group, so their mean has not either.</summary>
    public static CrossValidated Mean(IReadOnlyList<CrossValidated> runs, bool[] positive, int[] groups, CrossValidationOptions? options = null)
    {
        CrossValidationOptions o = options ?? new();
        double[][] scores = [.. Enumerable.Range(0, o.Repeats).Select(r => Enumerable.Range(0, positive.Length).Select(row => runs.Average(run => run.Scores[r][row])).ToArray())];
        return Measure(scores, AllFolds(groups, positive, o), positive, groups, o);
    }

    private static int[][] AllFolds(int[] groups, bool[] positive, CrossValidationOptions o)
    {
        if (o.Folds < 2)
            throw new ArgumentOutOfRangeException(nameof(o), o.Folds, "folds must be at least 2");
        if (o.Repeats < 1)
            throw new ArgumentOutOfRangeException(nameof(o), o.Repeats, "repeats must be at least 1");
        if (o.Threads < 0)
            throw new ArgumentOutOfRangeException(nameof(o), o.Threads, "threads must be at least 1, or 0 for all processors");
        int with = groups.Zip(positive).Where(p => p.Second).Select(p => p.First).Distinct().Count(), without = groups.Zip(positive).Where(p => !p.Second).Select(p => p.First).Distinct().Count();
        if (Math.Min(with, without) < o.Folds)
            throw new ArgumentOutOfRangeException(nameof(o), o.Folds, $"with {with} groups that hold a positive and {without} that hold a negative there can be at most {Math.Min(with, without)} folds");
        return [.. Enumerable.Range(0, o.Repeats).Select(r => Folds(groups, positive, o.Folds, o.Seed + (ulong)r))];
    }

    private static CrossValidated Measure(double[][] scores, int[][] folds, bool[] positive, int[] groups, CrossValidationOptions o)
    {
        double FoldAuc(int repeat, int fold)
        {
            int[] test = [.. Enumerable.Range(0, positive.Length).Where(row => folds[repeat][row] == fold)];
            return Measures.Auc([.. test.Select(row => scores[repeat][row])], [.. test.Select(row => positive[row])]);
        }
        int[][] orders = [.. scores.Select(s => Measures.Ascending(s, s.Length, default))];
        double Over(double[] weights, bool auc) => scores.Select((s, r) => auc ? Measures.Auc(s, positive, orders[r], weights) : Measures.AveragePrecision(s, positive, orders[r], weights)).Average();
        return new CrossValidated(
            Estimate.Of([.. scores.Select((s, r) => Measures.Auc(s, positive, orders[r], default))]),
            Bootstrap.Of(groups, w => Over(w, auc: true), o.Seed, resamples: o.Resamples),
            Estimate.Of([.. Enumerable.Range(0, o.Repeats).Select(r => Enumerable.Range(0, o.Folds).Average(f => FoldAuc(r, f)))]),
            Estimate.Of([.. scores.Select((s, r) => Measures.AveragePrecision(s, positive, orders[r], default))]),
            Bootstrap.Of(groups, w => Over(w, auc: false), o.Seed, resamples: o.Resamples),
            scores);
    }

    /// <summary>The fold of each row.</summary>
    internal static int[] Folds(int[] groups, bool[] positive, int folds, ulong seed)
    {
        var sizes = new SortedDictionary<int, (int Positive, int Rows)>();
        for (int i = 0; i < groups.Length; i++)
            sizes[groups[i]] = sizes.GetValueOrDefault(groups[i]) is var (p, r) ? (p + (positive[i] ? 1 : 0), r + 1) : default;
        int[] order = [.. sizes.Keys];
        new SeededRandom(seed).Shuffle<int>(order);
        int[] positives = new int[folds], rows = new int[folds];
        var of = new Dictionary<int, int>();
        foreach (int group in order.OrderByDescending(g => sizes[g].Positive)) // stable: shuffled among equals
        {
            int best = 0;
            for (int f = 1; f < folds; f++)
                if (sizes[group].Positive > 0 ? (positives[f], rows[f]).CompareTo((positives[best], rows[best])) < 0 : rows[f] < rows[best])
                    best = f;
            of[group] = best;
            positives[best] += sizes[group].Positive;
            rows[best] += sizes[group].Rows;
        }
        return [.. groups.Select(g => of[g])];
    }
}
