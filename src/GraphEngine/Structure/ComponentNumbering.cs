namespace Backlinks.GraphEngine;

/// <summary>
/// Gives components their published numbers: by descending size, equal sizes by smallest member. So component 0 is the
/// giant one, and numbers depend on the graph alone, not on the algorithm that found the components. 8 bytes a node at most.
/// </summary>
internal static class ComponentNumbering
{
    /// <param name="labels">Any number from 0 to n−1 for each component; replaced by the component's number.</param>
    /// <returns>Size of each component, descending; and for each old label its number, -1 where unused.</returns>
    public static (int[] Sizes, int[] NumberOfLabel) Renumber(int[] labels)
    {
        int[] numberOfLabel = new int[labels.Length];
        Array.Fill(numberOfLabel, -1);
        var sizes = new int[Math.Min(labels.Length, 16)];
        int count = 0;
        for (int node = 0; node < labels.Length; node++)
        {
            ref int first = ref numberOfLabel[labels[node]]; // numbers in order of smallest member, for now
            if (first < 0)
            {
                if (count == sizes.Length)
                    Array.Resize(ref sizes, (int)Math.Min(labels.Length, sizes.Length * 2L));
                first = count++;
            }
            sizes[first]++;
        }

        // Most components of a web graph are single nodes: only the others, at most n/2, need sorting.
        int many = 0;
        for (int i = 0; i < count; i++)
            if (sizes[i] > 1)
                many++;
        ulong[] order = new ulong[many];
        for (int i = 0, at = 0; i < count; i++)
            if (sizes[i] > 1)
                order[at++] = (ulong)(uint)~sizes[i] << 32 | (uint)i;
        Array.Sort(order);
        int[] final = new int[count];
        for (int i = 0; i < many; i++)
            final[(int)(uint)order[i]] = i;
        for (int i = 0, at = many; i < count; i++)
            if (sizes[i] == 1)
                final[i] = at++;

        int[] sorted = new int[count];
        for (int i = 0; i < count; i++)
            sorted[final[i]] = sizes[i];
        for (int label = 0; label < numberOfLabel.Length; label++)
            if (numberOfLabel[label] >= 0)
                numberOfLabel[label] = final[numberOfLabel[label]];
        for (int node = 0; node < labels.Length; node++)
            labels[node] = numberOfLabel[labels[node]];
        return (sorted, numberOfLabel);
    }
}
