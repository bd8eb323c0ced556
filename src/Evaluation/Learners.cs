using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;

namespace Backlinks.Evaluation;

/// <summary>
/// Learns from some rows and scores others. A learner sees features of both, but targets of the training rows only; all that it
/// fits (bins, scales, weights) it fits to those. Equal arguments give equal bits.
/// </summary>
/// <param name="targets">A number 0 to 1 for each row of the table; those of rows to score must not be looked at.</param>
/// <returns>Log-odds of the rows to score, in their order.</returns>
public delegate double[] Learner(FeatureTable features, double[] targets, int[] training, int[] toScore, ulong seed);

/// <summary>A random forest.</summary>
public sealed record ForestOptions
{
    /// <summary>At least 1. Default 300: another 300 change an AUC by less than .002.</summary>
    public int Trees { get; init; } = 300;

    /// <summary>At least 0. Default 20: the least rows of a leaf end a tree before.</summary>
    public int Depth { get; init; } = 20;

    /// <summary>Fewest rows of a leaf, at least 1. Default 10: with a hundred positives smaller leaves learn single hosts.</summary>
    public int LeastRows { get; init; } = 10;

    /// <summary>Features tried at a node, at least 1. Default 8, some √features.</summary>
    public int Features { get; init; } = 8;

    /// <summary>How often the positive half of a target counts, above 0. Default 10: positives are a twentieth.</summary>
    public double PositiveWeight { get; init; } = 10;

    /// <summary>Bins a feature, 3 to 255.</summary>
    public int Bins { get; init; } = 64;
}

/// <summary>Gradient boosting of the logistic loss.</summary>
public sealed record BoostingOptions
{
    /// <summary>Trees in a row, at least 1.</summary>
    public int Rounds { get; init; } = 150;

    /// <summary>Share of a tree that is added, above 0. Default .05 with 150 rounds: stopped early, as few positives need.</summary>
    public double Rate { get; init; } = .05;

    /// <summary>At least 1. Default 3: interactions of three features.</summary>
    public int Depth { get; init; } = 3;

    public int LeastRows { get; init; } = 10;

    public int Features { get; init; } = 8;

    /// <summary>λ of a leaf, at least 0.</summary>
    public double Ridge { get; init; } = 5;

    /// <summary>Share of the rows that a tree sees, above 0, at most 1 (Friedman 2002).</summary>
    public double Sample { get; init; } = .5;

    /// <summary>Models from different seeds whose log-odds are averaged, at least 1. Default 4: takes out what the seed put in.</summary>
    public int Bags { get; init; } = 4;

    public int Bins { get; init; } = 64;
}

/// <summary>
/// Learners for some thousand rows and some hundred positives: logistic regression, random forest (Breiman 2001), stochastic gradient
/// boosting (Friedman 2002), and combinations. Our own, two hundred lines, because results must be the same bit for bit anywhere.
/// Targets may lie between 0 and 1 (mean assessments): they then count as that share of a positive.
/// </summary>
public static class Learners
{
    public static Learner Forest(ForestOptions? options = null)
    {
        ForestOptions o = options ?? new();
        var limits = new TreeLimits(o.Depth, o.LeastRows, o.Features, 0);
        return (features, targets, training, toScore, seed) =>
        {
            var binned = new BinnedFeatures(features, training, o.Bins);
            var random = new SeededRandom(seed);
            double[] gradient = new double[features.Rows], curvature = new double[features.Rows], sum = new double[toScore.Length];
            int[] copies = new int[features.Rows], rows = new int[training.Length];
            for (int t = 0; t < o.Trees; t++)
            {
                Array.Clear(copies);
                for (int i = 0; i < training.Length; i++)
                    copies[training[random.Next(training.Length)]]++;
                int count = 0;
                foreach (int row in training)
                    if (copies[row] > 0)
                    {
                        rows[count++] = row;
                        gradient[row] = copies[row] * o.PositiveWeight * targets[row];
                        curvature[row] = gradient[row] + copies[row] * (1 - targets[row]);
                    }
                RegressionTree tree = RegressionTree.Grow(binned, gradient, curvature, rows.AsSpan(0, count), limits, random);
                for (int i = 0; i < toScore.Length; i++)
                    sum[i] += tree.Of(binned.Bins, toScore[i]);
            }
            double prior = Math.Log(o.PositiveWeight);
            return [.. sum.Select(s => LogOdds(s / o.Trees) - prior)];
        };
    }

    public static Learner Boosting(BoostingOptions? options = null)
    {
        BoostingOptions o = options ?? new();
        var limits = new TreeLimits(o.Depth, o.LeastRows, o.Features, o.Ridge);
        return (features, targets, training, toScore, seed) =>
        {
            var binned = new BinnedFeatures(features, training, o.Bins);
            double[] gradient = new double[features.Rows], curvature = new double[features.Rows], odds = new double[features.Rows], sum = new double[toScore.Length];
            int[] order = [.. training];
            int sample = Math.Max(1, (int)(o.Sample * order.Length));
            double start = LogOdds(training.Average(row => targets[row]));
            for (int bag = 0; bag < o.Bags; bag++)
            {
                var random = new SeededRandom(seed * 1009 + (ulong)bag);
                Array.Fill(odds, start);
                for (int round = 0; round < o.Rounds; round++)
                {
                    foreach (int row in training)
                    {
                        double p = 1 / (1 + Math.Exp(-odds[row]));
                        (gradient[row], curvature[row]) = (targets[row] - p, p * (1 - p));
                    }
                    random.Shuffle<int>(order);
                    RegressionTree tree = RegressionTree.Grow(binned, gradient, curvature, order.AsSpan(0, sample), limits, random);
                    foreach (int row in training)
                        odds[row] += o.Rate * tree.Of(binned.Bins, row);
                    foreach (int row in toScore)
                        odds[row] += o.Rate * tree.Of(binned.Bins, row);
                }
                for (int i = 0; i < toScore.Length; i++)
                    sum[i] += odds[toScore[i]] / o.Bags;
            }
            return sum;
        };
    }

    /// <summary>
    /// Logistic regression with an L2 penalty on normal scores: a value becomes the quantile of the normal distribution at its
    /// place among the training rows, so that power laws do not decide; what is missing becomes 0. Newton's method, to 1e-8.
    /// </summary>
    /// <param name="ridge">λ of ½λ‖w‖², above 0; the intercept is free.</param>
    public static Learner Logistic(double ridge = 10) => (features, targets, training, toScore, _) =>
    {
        int n = features.Names.Count + 1;
        double[][] scaled = [.. features.Columns.Select(c => NormalScores(c, training))];
        Vector<double> weights = Vector<double>.Build.Dense(n);
        double[] x = new double[n];
        void Load(int row)
        {
            x[0] = 1;
            for (int f = 1; f < n; f++)
                x[f] = scaled[f - 1][row];
        }
        double Odds()
        {
            double sum = 0;
            for (int f = 0; f < n; f++)
                sum += weights[f] * x[f];
            return sum;
        }
        for (int round = 0; round < 30; round++)
        {
            Matrix<double> curvature = Matrix<double>.Build.Dense(n, n);
            double[] gradient = new double[n], columns = curvature.AsColumnMajorArray();
            foreach (int row in training)
            {
                Load(row);
                double p = 1 / (1 + Math.Exp(-Odds())), h = Math.Max(p * (1 - p), 1e-9);
                for (int f = 0; f < n; f++)
                {
                    gradient[f] += (targets[row] - p) * x[f];
                    double hx = h * x[f];
                    for (int k = 0; k <= f; k++)
                        columns[f * n + k] += hx * x[k];
                }
            }
            for (int f = 0; f < n; f++)
            {
                columns[f * n + f] += f == 0 ? 1e-9 : ridge;
                for (int k = 0; k < f; k++)
                    columns[k * n + f] = columns[f * n + k];
                gradient[f] -= f == 0 ? 0 : ridge * weights[f];
            }
            Vector<double> step = curvature.Cholesky().Solve(Vector<double>.Build.Dense(gradient));
            weights += step;
            if (step.AbsoluteMaximum() < 1e-8)
                break;
        }
        return [.. toScore.Select(row =>
        {
            Load(row);
            return Odds();
        })];
    };

    /// <summary>The mean of the log-odds of several.</summary>
    public static Learner Mean(params Learner[] learners) => (features, targets, training, toScore, seed) =>
    {
        double[] sum = new double[toScore.Length];
        foreach (Learner learner in learners)
        {
            double[] odds = learner(features, targets, training, toScore, seed);
            for (int i = 0; i < sum.Length; i++)
                sum[i] += odds[i] / learners.Length;
        }
        return sum;
    };

    /// <summary>
    /// A learner taught by another that sees more (learning using privileged information: Vapnik, Vashist 2009; distillation: Lopez-Paz et al. 2016). The
    /// student's targets are (1 − share)·target + share·the teacher's probability, which tells it which labels to expect and which are luck.
    /// The teacher scores each training row from the others only (folds over whole groups), and never a row to score; the student alone scores.
    /// </summary>
    /// <param name="known">Whether the teacher knows a row; the targets of others stay.</param>
    /// <param name="groups">Of each row.</param>
    /// <param name="share">0 to 1. Default ½: as much the assessors' as the teacher's, fixed before it was tried.</param>
    public static Learner Taught(Learner teacher, Func<int, bool> known, int[] groups, Learner student, double share = .5) => (features, targets, training, toScore, seed) =>
    {
        int[] rows = [.. training.Where(known)], fold = CrossValidation.Folds([.. rows.Select(row => groups[row])], [.. rows.Select(row => targets[row] > .5)], 4, seed);
        double[] taught = [.. targets];
        for (int f = 0; f < 4; f++)
        {
            int[] others = [.. rows.Where((_, i) => fold[i] != f)], these = [.. rows.Where((_, i) => fold[i] == f)];
            double[] odds = teacher(features, targets, others, these, seed + (ulong)f + 1);
            for (int i = 0; i < these.Length; i++)
                taught[these[i]] = (1 - share) * targets[these[i]] + share / (1 + Math.Exp(-odds[i]));
        }
        return student(features, taught, training, toScore, seed);
    };

    /// <summary>A learner that sees some of the columns.</summary>
    public static Learner On(Func<string, bool> columns, Learner learner) => (features, targets, training, toScore, seed) =>
        learner(features.Select(columns), targets, training, toScore, seed);

    private static double LogOdds(double p)
    {
        p = Math.Clamp(p, 1e-6, 1 - 1e-6);
        return Math.Log(p / (1 - p));
    }

    private static double[] NormalScores(double[] column, int[] training)
    {
        double[] known = [.. training.Select(row => column[row]).Where(v => !double.IsNaN(v)).Order()];
        return [.. column.Select(value =>
        {
            if (double.IsNaN(value) || known.Length == 0)
                return 0;
            int below = Below(known, value, false), upTo = Below(known, value, true);
            return Normal.InvCDF(0, 1, ((below + upTo) / 2.0 + .5) / (known.Length + 1));
        })];
    }

    /// <summary>How many are below the value, or (with equals) not above it.</summary>
    private static int Below(double[] sorted, double value, bool equals)
    {
        int low = 0, high = sorted.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (sorted[middle] < value || (equals && sorted[middle] == value))
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}
