namespace Backlinks.Api.Dashboard;

/// <summary>How a drawing is laid out.</summary>
public sealed record ForceLayoutOptions
{
    /// <summary>Moves of all nodes; ≥ 0. Default 150: from rings to a drawing that stands still, 0.2 s for 550 nodes.</summary>
    public int Rounds { get; init; } = 150;

    /// <summary>Turns the rings at the start, so that another drawing of the same nodes can be had. Default 1.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Width over height of the drawing; above 0. Default 1.6, of a wide screen.</summary>
    public double Aspect { get; init; } = 1.6;
}

/// <summary>
/// Where the nodes of a small drawing stand, by forces (Fruchterman, Reingold 1991):
/// <code>
/// k = √(area/n)      every pair is pushed apart by k²/distance, every link pulls by distance²/k, all are drawn to the middle a little
/// step ≤ t           t falls linearly from a tenth of the width to nothing; so it ends
/// </code>
/// The variant: nodes begin on rings by their distance from the node that it is about, which stays in the middle, each ring in the order
/// given; so there is no chance in it but the seed's turn of the rings, and equal input gives equal places. Lastly circles that overlap are
/// moved apart. Cost: n²/2 pairs a round; made for up to a thousand nodes. Repeatable: sums in node order, places rounded to a tenth.
/// </summary>
public static class ForceLayout
{
    /// <summary>Width of the drawing; its height is that over the aspect.</summary>
    public const double Width = 1000;

    /// <param name="distance">Of each node from the first, which is in the middle; ≥ 0.</param>
    /// <param name="radius">Of each node's circle.</param>
    /// <param name="links">Pairs of places in <paramref name="distance"/>.</param>
    /// <returns>The middle of each circle, 0 to <see cref="Width"/> and 0 to that over the aspect.</returns>
    /// <exception cref="ArgumentException">The lists do not fit each other, or an option is out of its range.</exception>
    public static (double X, double Y)[] Place(IReadOnlyList<int> distance, IReadOnlyList<double> radius, IReadOnlyList<(int From, int To)> links, ForceLayoutOptions? options = null,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(distance);
        ArgumentNullException.ThrowIfNull(radius);
        ArgumentNullException.ThrowIfNull(links);
        options ??= new ForceLayoutOptions();
        int n = distance.Count;
        if (radius.Count != n)
            throw new ArgumentException($"there are {radius.Count} radii for {n} nodes", nameof(radius));
        if (options.Rounds < 0 || !(options.Aspect > 0 && options.Aspect < 100))
            throw new ArgumentException($"rounds must be 0 or more and the aspect above 0 and below 100, not {options.Rounds} and {options.Aspect}", nameof(options));
        foreach ((int from, int to) in links)
            if ((uint)from >= (uint)n || (uint)to >= (uint)n)
                throw new ArgumentException($"a link goes from {from} to {to} among {n} nodes", nameof(links));
        double height = Width / options.Aspect;
        double[] x = new double[n], y = new double[n];
        Rings(distance, options.Seed, height, x, y);
        double k = 0.8 * Math.Sqrt(Width * height / Math.Max(1, n));
        var (dx, dy) = (new double[n], new double[n]);
        for (int round = 0; round < options.Rounds; round++)
        {
            cancel.ThrowIfCancellationRequested();
            Push(x, y, dx, dy, k);
            foreach ((int from, int to) in links)
                Pull(x, y, dx, dy, from, to, k);
            double most = Width / 10 * (1 - (double)round / options.Rounds);
            for (int i = 1; i < n; i++)
            {
                double gx = dx[i] + (Width / 2 - x[i]) * 0.6, gy = dy[i] + (height / 2 - y[i]) * 0.6 * options.Aspect, size = Math.Sqrt(gx * gx + gy * gy);
                double step = size > 0 ? Math.Min(size, most) / size : 0;
                (x[i], y[i]) = (x[i] + gx * step, y[i] + gy * step);
            }
        }
        Fit(x, y, radius, height);
        for (int pass = 0; pass < 30 && Separate(x, y, radius, height); pass++)
            cancel.ThrowIfCancellationRequested();
        return [.. Enumerable.Range(0, n).Select(i => (Math.Round(x[i], 1), Math.Round(y[i], 1)))];
    }

    private static void Rings(IReadOnlyList<int> distance, int seed, double height, double[] x, double[] y)
    {
        int far = Math.Max(1, distance.Count > 0 ? distance.Max() : 1);
        foreach (IGrouping<int, int> ring in Enumerable.Range(0, distance.Count).GroupBy(i => distance[i]))
        {
            int count = ring.Count(), place = 0;
            foreach (int i in ring)
            {
                double angle = 2 * Math.PI * (place++ + 0.5) / count + 0.7 * ring.Key + 2.39996 * (seed - 1), out_ = i == 0 ? 0 : Math.Max(ring.Key, 0.3) / far;
                x[i] = Width / 2 + 0.48 * Width * out_ * Math.Cos(angle);
                y[i] = height / 2 + 0.48 * height * out_ * Math.Sin(angle);
            }
        }
    }

    private static void Push(double[] x, double[] y, double[] dx, double[] dy, double k)
    {
        Array.Clear(dx);
        Array.Clear(dy);
        for (int i = 0; i < x.Length; i++)
            for (int j = i + 1; j < x.Length; j++)
            {
                double ax = x[i] - x[j], ay = y[i] - y[j], square = ax * ax + ay * ay;
                if (square < 1e-6)
                    (ax, ay, square) = (0.1 * (i - j), 0.1, 0.01 * (1 + (double)(i - j) * (i - j))); // on one spot: apart by their order
                double force = k * k / square;
                (dx[i], dy[i]) = (dx[i] + ax * force, dy[i] + ay * force);
                (dx[j], dy[j]) = (dx[j] - ax * force, dy[j] - ay * force);
            }
    }

    private static void Pull(double[] x, double[] y, double[] dx, double[] dy, int from, int to, double k)
    {
        double ax = x[to] - x[from], ay = y[to] - y[from], force = Math.Sqrt(ax * ax + ay * ay) / k;
        (dx[from], dy[from]) = (dx[from] + ax * force, dy[from] + ay * force);
        (dx[to], dy[to]) = (dx[to] - ax * force, dy[to] - ay * force);
    }

    /// <summary>Stretched or shrunk to the drawing, each direction by itself.</summary>
    private static void Fit(double[] x, double[] y, IReadOnlyList<double> radius, double height)
    {
        if (x.Length < 2)
            return;
        double edge = radius.Max() + 6;
        (double left, double right, double top, double bottom) = (x.Min(), x.Max(), y.Min(), y.Max());
        for (int i = 0; i < x.Length; i++)
        {
            x[i] = right - left > 1e-9 ? edge + (x[i] - left) / (right - left) * (Width - 2 * edge) : Width / 2;
            y[i] = bottom - top > 1e-9 ? edge + (y[i] - top) / (bottom - top) * (height - 2 * edge) : height / 2;
        }
    }

    /// <summary>Moves circles that overlap apart; false where there were none.</summary>
    private static bool Separate(double[] x, double[] y, IReadOnlyList<double> radius, double height)
    {
        bool moved = false;
        for (int i = 0; i < x.Length; i++)
            for (int j = i + 1; j < x.Length; j++)
            {
                double ax = x[j] - x[i], ay = y[j] - y[i], apart = Math.Sqrt(ax * ax + ay * ay), need = radius[i] + radius[j] + 2;
                if (apart >= need)
                    continue;
                if (apart < 1e-3)
                    (ax, ay, apart) = (1, 0.5, Math.Sqrt(1.25));
                double by = (need - apart) / 2 / apart + 1e-3;
                (x[i], y[i]) = (Math.Clamp(x[i] - ax * by, radius[i], Width - radius[i]), Math.Clamp(y[i] - ay * by, radius[i], height - radius[i]));
                (x[j], y[j]) = (Math.Clamp(x[j] + ax * by, radius[j], Width - radius[j]), Math.Clamp(y[j] + ay * by, radius[j], height - radius[j]));
                moved = true;
            }
        return moved;
    }
}
