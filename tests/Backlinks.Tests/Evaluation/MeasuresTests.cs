using Backlinks.Evaluation;

namespace Backlinks.Tests.Evaluation;

/// <summary>Measures against closed forms, and against naive versions on random scores full of ties.</summary>
public class MeasuresTests
{
    [Fact]
    public void Nothing_to_measure_is_not_a_number()
    {
        Assert.True(double.IsNaN(Measures.Auc([], [])));
        Assert.True(double.IsNaN(Measures.Auc([1, 2], [true, true])));
        Assert.True(double.IsNaN(Measures.AveragePrecision([1, 2], [false, false])));
    }

    [Fact]
    public void A_perfect_order_has_area_1_its_reverse_0_and_one_score_for_all_a_half()
    {
        Assert.Equal(1, Measures.Auc([1, 2, 3, 4], [false, false, true, true]));
        Assert.Equal(0, Measures.Auc([4, 3, 2, 1], [false, false, true, true]));
        Assert.Equal(.5, Measures.Auc([7, 7, 7, 7], [false, true, false, true]));
        Assert.Equal(1, Measures.AveragePrecision([1, 2, 3, 4], [false, false, true, true]));
        Assert.Equal(.25, Measures.AveragePrecision([7, 7, 7, 7], [false, true, false, false]));
    }

    [Fact]
    public void Average_precision_is_that_of_the_textbook()
    {
        // highest first: + − + − → (1/1 + 2/3) / 2
        Assert.Equal((1 + 2 / 3.0) / 2, Measures.AveragePrecision([4, 3, 2, 1], [true, false, true, false]), 1e-15);
    }

    [Fact]
    public void Area_and_average_precision_agree_with_counting_pairs()
    {
        var random = new Random(1);
        for (int round = 0; round < 200; round++)
        {
            int n = random.Next(2, 40);
            double[] scores = [.. Enumerable.Range(0, n).Select(_ => (double)random.Next(1 + round % 12))], weights = [.. Enumerable.Range(0, n).Select(_ => (double)random.Next(3))];
            bool[] positive = [.. Enumerable.Range(0, n).Select(_ => random.Next(3) == 0)];
            Assert.Equal(NaiveAuc(scores, positive, [.. scores.Select(_ => 1.0)]), Measures.Auc(scores, positive), 1e-12);
            Assert.Equal(NaiveAuc(scores, positive, weights), Measures.Auc(scores, positive, weights), 1e-12);
            int[] copies = [.. Enumerable.Range(0, n).SelectMany(i => Enumerable.Repeat(i, (int)weights[i]))];
            Assert.Equal(NaivePrecision([.. copies.Select(i => scores[i])], [.. copies.Select(i => positive[i])]), Measures.AveragePrecision(scores, positive, weights), 1e-12);
        }
    }

    [Fact]
    public void Precision_and_recall_at_a_threshold()
    {
        PrecisionRecall at = Measures.At(2, [1, 2, 3, 4, 0], [false, false, true, true, true]);
        Assert.Equal(new PrecisionRecall(2 / 3.0, 2 / 3.0), at);
        Assert.Equal(2 / 3.0, at.F1, 1e-15);
        Assert.Equal(new PrecisionRecall(1, 0), Measures.At(9, [1, 2], [true, false]));
        Assert.Equal(0, new PrecisionRecall(0, 0).F1);
    }

    [Fact]
    public void Macro_f1_counts_classes_the_same_whatever_their_size()
    {
        // class 0: 3 of 4 right, one more called so: F1 = 6/8; class 1: 1 of 2 right, 2 called: 2/4
        Assert.Equal((6 / 8.0 + 2 / 4.0) / 2, Measures.MacroF1([0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 0]), 1e-15);
        Assert.Throws<ArgumentException>(() => Measures.MacroF1([], []));
    }

    [Fact]
    public void Rank_correlations_of_equal_and_reversed_orders_are_1_and_minus_1()
    {
        Assert.Equal(1, Measures.Spearman([1, 2, 3], [10, 100, 1000]), 1e-12);
        Assert.Equal(-1, Measures.Spearman([1, 2, 3], [3, 2, 1]), 1e-12);
        Assert.Equal(1, Measures.Kendall([1, 2, 3], [10, 100, 1000]), 1e-12);
        Assert.Equal(-1, Measures.Kendall([1, 2, 3], [3, 2, 1]), 1e-12);
    }

    [Fact]
    public void Kendall_agrees_with_comparing_all_pairs()
    {
        var random = new Random(2);
        for (int round = 0; round < 100; round++)
        {
            int n = random.Next(2, 30);
            double[] a = [.. Enumerable.Range(0, n).Select(_ => (double)random.Next(8))], b = [.. Enumerable.Range(0, n).Select(_ => (double)random.Next(8))];
            double concordant = 0, x = 0, y = 0;
            for (int i = 0; i < n; i++)
                for (int j = 0; j < i; j++)
                {
                    concordant += Math.Sign(a[i] - a[j]) * Math.Sign(b[i] - b[j]);
                    x += a[i] == a[j] ? 0 : 1;
                    y += b[i] == b[j] ? 0 : 1;
                }
            if (x > 0 && y > 0)
                Assert.Equal(concordant / Math.Sqrt(x * y), Measures.Kendall(a, b), 1e-12);
        }
    }

    [Fact]
    public void Equal_values_share_the_mean_of_their_ranks() => Assert.Equal([2.5, 1, 2.5, 4], Measures.Ranks([5, 3, 5, 9]));

    [Fact]
    public void Uniform_weights_cost_the_logarithm_of_the_number_of_links()
    {
        Assert.Equal(2, Measures.BitsPerClick([0, 0, 0, 0], [1, 1, 1, 1], [5, 0, 3, 0]), 1e-12);
        // one click at share 1/4 and three at 1/2
        Assert.Equal((2 + 3) / 4.0, Measures.BitsPerClick([0, 0, 1, 1], [1, 3, 2, 2], [1, 0, 3, 0]), 1e-12);
        Assert.Equal(double.PositiveInfinity, Measures.BitsPerClick([0, 0], [0, 1], [1, 1]));
    }

    [Fact]
    public void A_reliability_table_has_each_probability_in_one_bin()
    {
        ReliabilityBin[] bins = Measures.Reliability([0, .1, .5, .99, 1], [false, true, true, true, true], bins: 2);
        Assert.Equal((2, 3), (bins[0].Count, bins[1].Count));
        Assert.Equal((.05, .5), (bins[0].MeanProbability, bins[0].Observed));
        Assert.Equal(1, bins[1].Observed);
        Assert.Throws<ArgumentOutOfRangeException>(() => Measures.Reliability([1.5], [true]));
    }

    [Fact]
    public void Values_without_partners_and_scores_that_are_no_numbers_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Measures.Auc([1], [true, false]));
        Assert.Throws<ArgumentException>(() => Measures.Auc([double.NaN, 1], [true, false]));
        Assert.Throws<ArgumentException>(() => Measures.Kendall([1], [1, 2]));
    }

    [Fact]
    public void A_mean_over_seeds_has_the_textbooks_standard_error()
    {
        Estimate of = Estimate.Of([1, 2, 3, 4]);
        Assert.Equal(2.5, of.Mean);
        Assert.Equal(Math.Sqrt(5 / 3.0 / 4), of.Error, 1e-15);
        Assert.True(double.IsNaN(Estimate.Of([1]).Error));
    }

    [Fact]
    public void A_bootstrap_interval_is_as_wide_as_groups_make_it_and_the_same_each_time()
    {
        int[] alone = [.. Enumerable.Range(0, 400)], pairs = [.. alone.Select(i => i / 100)];
        double[] values = [.. alone.Select(i => i / 100 % 2 == 0 ? 1.0 : 0.0)];
        double Mean(double[] w) => w.Zip(values, (a, b) => a * b).Sum() / w.Sum();
        Interval narrow = Bootstrap.Of(alone, Mean, 1), wide = Bootstrap.Of(pairs, Mean, 1);
        Assert.InRange(narrow.To - narrow.From, .07, .13); // 2·1.96·√(¼/400) = .098
        Assert.True(wide.To - wide.From > .7); // four groups of one value each: a half ± a half
        Assert.Equal(narrow, Bootstrap.Of(alone, Mean, 1));
        Assert.NotEqual(narrow, Bootstrap.Of(alone, Mean, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => Bootstrap.Of(alone, Mean, 1, confidence: 1));
    }

    private static double NaiveAuc(double[] scores, bool[] positive, double[] weights)
    {
        double right = 0, all = 0;
        for (int i = 0; i < scores.Length; i++)
            for (int j = 0; j < scores.Length; j++)
                if (positive[i] && !positive[j])
                {
                    right += weights[i] * weights[j] * (scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? .5 : 0);
                    all += weights[i] * weights[j];
                }
        return right / all;
    }

    private static double NaivePrecision(double[] scores, bool[] positive)
    {
        double sum = 0, before = 0, all = positive.Count(p => p);
        foreach (double threshold in scores.Distinct().OrderDescending())
        {
            PrecisionRecall at = Measures.At(threshold, scores, positive);
            sum += (at.Recall - before) * at.Precision;
            before = at.Recall;
        }
        return all == 0 ? double.NaN : sum;
    }
}
