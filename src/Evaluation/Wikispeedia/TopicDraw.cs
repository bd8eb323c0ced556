namespace Backlinks.Evaluation;

/// <summary>Draws labels and measures what was told without them.</summary>
public static class TopicDraw
{
    /// <summary>Marks a share of the members of each class, at least one, as labelled; others and those of no class (−1) are not.
    /// Drawn without replacement, stratified; the same for the same seed.</summary>
    public static bool[] Stratified(IReadOnlyList<int> classes, int classCount, double share, int seed)
    {
        var random = new Random(seed);
        bool[] labelled = new bool[classes.Count];
        for (int k = 0; k < classCount; k++)
        {
            int[] members = [.. Enumerable.Range(0, classes.Count).Where(i => classes[i] == k)];
            random.Shuffle(members);
            foreach (int i in members.Take(members.Length == 0 ? 0 : Math.Max(1, (int)Math.Round(members.Length * share))))
                labelled[i] = true;
        }
        return labelled;
    }

    /// <summary>Mean over classes of 2·tp/(2·tp + fp + fn), over the items that have a class and <paramref name="counted"/> names.</summary>
    public static double MacroF1(IReadOnlyList<int> classes, IReadOnlyList<int> told, int classCount, Func<int, bool> counted)
    {
        int[] right = new int[classCount], toldAs = new int[classCount], are = new int[classCount];
        for (int i = 0; i < classes.Count; i++)
        {
            if (classes[i] < 0 || !counted(i))
                continue;
            are[classes[i]]++;
            toldAs[told[i]]++;
            right[told[i]] += told[i] == classes[i] ? 1 : 0;
        }
        return Enumerable.Range(0, classCount).Average(k => 2.0 * right[k] / Math.Max(1, toldAs[k] + are[k]));
    }
}
