using Backlinks.Topics;

namespace Backlinks.Tests.Topics;

public class TermSketchTests
{
    [Fact]
    public void A_page_without_terms_is_like_none()
    {
        Assert.True(float.IsNaN(TermSketch.Similarity(Sketch(), Sketch((1, 1)))));
        Assert.True(float.IsNaN(TermSketch.Similarity(Sketch((1, 1)), Sketch((1, 0)))));
    }

    [Fact]
    public void A_page_is_wholly_like_itself_and_not_at_all_like_one_of_other_terms()
    {
        uint[] a = Sketch((0, 0.5f), (7, 2), (TermReader.Terms - 1, 1));
        Assert.Equal(1, TermSketch.Similarity(a, a));
        Assert.Equal(0, TermSketch.Similarity(a, Sketch((1, 1), (8, 3))));
    }

    [Fact]
    public void Only_the_heaviest_terms_are_kept_and_equals_by_number()
    {
        uint[] sketch = Sketch([.. Enumerable.Range(0, 100).Select(i => (i, i < 10 ? 2f : 1f))]);
        Assert.Equal(Enumerable.Range(0, TermSketch.Size), sketch.Select(entry => (int)(entry >> 10)));
    }

    [Fact]
    public void Short_vectors_have_five_times_their_cosine_at_most_one()
    {
        var random = new Random(2);
        for (int round = 0; round < 500; round++)
        {
            (int Term, float Weight)[] a = Vector(random), b = Vector(random);
            double product = a.Sum(x => (double)x.Weight * b.Where(y => y.Term == x.Term).Sum(y => y.Weight));
            double cosine = product / Math.Sqrt(a.Sum(x => (double)x.Weight * x.Weight)) / Math.Sqrt(b.Sum(y => (double)y.Weight * y.Weight));
            Assert.Equal(Math.Min(1, 5 * cosine), TermSketch.Similarity(Sketch(a), Sketch(b)), 0.01);
            Assert.Equal(TermSketch.Similarity(Sketch(a), Sketch(b)), TermSketch.Similarity(Sketch(b), Sketch(a)));
        }
    }

    private static (int Term, float Weight)[] Vector(Random random) =>
        [.. Enumerable.Range(0, 200).Where(_ => random.Next(12) == 0).Take(TermSketch.Size).Select(term => (term, 0.1f + random.NextSingle()))];

    private static uint[] Sketch(params (int Term, float Weight)[] vector)
    {
        uint[] sketch = new uint[TermSketch.Size];
        TermSketch.Write([.. vector.Select(v => v.Term)], [.. vector.Select(v => v.Weight)], sketch);
        return sketch;
    }
}
