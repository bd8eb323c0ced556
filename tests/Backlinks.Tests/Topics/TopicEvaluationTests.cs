using Backlinks.Cli;
using Backlinks.Evaluation;
using Backlinks.GraphEngine;

namespace Backlinks.Tests.Topics;

/// <summary>What <c>eval topics</c> measures, on encyclopedia articles with known topics.</summary>
public class TopicEvaluationTests
{
    [Fact]
    public void Topics_of_encyclopedia_articles_reach_their_bars()
    {
        string folder = SharedData.Require("wikispeedia");
        SharedData.Require("wikispeedia", "texts.jsonl.gz");
        TopicFindings findings = EvalTopics.Run(folder, new TopicEvaluationOptions { Draws = 3 }, null, default);
        Assert.All(findings.Measures.Where(m => m.Bar is not null), m =>
            Assert.True(m.Mean >= m.Bar - 2 * m.StandardError, $"{m.Name}: {m.Mean:F4} ± {m.StandardError:F4}, bar {m.Bar}"));
        // By text alone, confidence is what it says to within .08 in every tenth that holds 500 articles or more.
        Assert.All(findings.Reliability.Where(bin => bin.Text == "long text" && bin.Articles >= 500), bin => Assert.InRange(bin.Confidence - bin.Right, -0.08, 0.08));
    }

    [Fact]
    public void Labels_are_drawn_from_each_class_alike_and_anew_for_each_seed()
    {
        int[] classes = [.. Enumerable.Range(0, 1000).Select(i => i % 10 == 9 ? -1 : i % 10 < 7 ? 0 : i % 10 == 7 ? 1 : 2)];
        bool[] labelled = TopicDraw.Stratified(classes, 4, 0.1, 1);
        Assert.Equal([70, 10, 10], Enumerable.Range(0, 3).Select(k => classes.Where((c, i) => c == k && labelled[i]).Count()));
        Assert.DoesNotContain(true, labelled.Where((_, i) => classes[i] < 0));
        Assert.Equal(labelled, TopicDraw.Stratified(classes, 4, 0.1, 1));
        Assert.NotEqual(labelled, TopicDraw.Stratified(classes, 4, 0.1, 2));
    }

    [Fact]
    public void Macro_f1_is_the_mean_over_classes()
    {
        // Class 0: 2 right, 1 told wrongly as 0, 1 missed: F1 = 4/6. Class 1: 1 right, 1 missed, 1 wrongly: 2/4. Class 2 is never told nor met.
        Assert.Equal((4.0 / 6 + 0.5 + 0) / 3, TopicDraw.MacroF1([0, 0, 0, 1, 1, -1, 2], [0, 0, 1, 1, 0, 2, 2], 3, i => i < 6), 1e-12);
    }

    [Fact]
    public void Standard_errors_are_those_of_the_mean()
    {
        Assert.Equal(Math.Sqrt(1.0 / 3), new Measure("m", [1, 2, 3], null).StandardError, 1e-12);
        Assert.Equal(0, new Measure("m", [1], null).StandardError);
    }

    [Fact]
    public void Options_out_of_range_are_refused_with_the_range()
    {
        Assert.Contains("1 to 1,000", Assert.Throws<ArgumentOutOfRangeException>(() => new TopicEvaluationOptions { Draws = 0 }.Check()).Message);
        Assert.Contains("at most .9", Assert.Throws<ArgumentOutOfRangeException>(() => new TopicEvaluationOptions { Labelled = 1 }.Check()).Message);
    }
}
