namespace Backlinks.GraphEngine;

/// <summary>How to solve for raw authority.</summary>
public sealed record RawAuthorityOptions
{
    /// <summary>d: share of a node's authority that its links pass on; 0 ≤ d &lt; 1. Default .85, everyone's convention since 1998.</summary>
    public double Damping { get; init; } = 0.85;

    /// <summary>Largest |t + d·Pᵀz − z|(v) allowed, as a share of z(v); > 0. Default 1e-10: contributions then add up to the score in every digit shown.</summary>
    public double Tolerance { get; init; } = 1e-10;

    /// <summary>Rounds over the links after which to stop unconverged; ≥ 1. Default 2,000; a web graph takes about a hundred.</summary>
    public int MaxRounds { get; init; } = 2000;

    /// <summary>t: what each node gets without any link, in multiples, finite and ≥ 0; null is 1 everywhere.</summary>
    public double[]? Teleport { get; init; }

    /// <summary>Where to begin, n values, finite and ≥ 0, such as the last run's; null for nothing. Changes the time, and the answer within the tolerance.</summary>
    public double[]? Start { get; init; }

    /// <summary>Worker threads; 0 means one for each processor. The result does not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>File to keep the state in and to resume from (<see cref="RankCheckpoint"/>); null for none. Deleted when done.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>Least time between two checkpoints, ≥ 0. Default a minute: what a killed ranking loses at most, and 1 s of writing for 60 M nodes.</summary>
    public TimeSpan CheckpointEvery { get; init; } = TimeSpan.FromMinutes(1);
}

/// <summary>Raw authority, and how sure it is.</summary>
public sealed record RawAuthorityResult
{
    /// <summary>z by node: multiples of what a node gets without links (where t is 1).</summary>
    public required double[] Raw { get; init; }

    /// <summary>Rounds over all links in float, of this call and those it resumed.</summary>
    public required int Rounds { get; init; }

    /// <summary>Single nodes pushed besides.</summary>
    public required long Pushes { get; init; }

    /// <summary>Largest |t + d·Pᵀz − z|(v) over z(v), or over a millionth of the mean t where z is less.</summary>
    public required double MaxRelativeResidual { get; init; }

    /// <summary>Certified: ‖z − z*‖₁ is at most this share of Σz, rounding included.</summary>
    public required double ErrorBound { get; init; }

    /// <summary>Whether <see cref="MaxRelativeResidual"/> is within the tolerance.</summary>
    public required bool Converged { get; init; }

    /// <summary>What came of the checkpoint that was asked for, or null where none was.</summary>
    public CheckpointState? Checkpoint { get; init; }
}

/// <summary>
/// Raw authority: what the links of a graph bring each node, in multiples of what a node without links gets.
/// <code>
/// z = t + d·Pᵀz      P(u,v) = w(u,v)/W(u), rows summing to at most 1      PageRank x = z/Σz
/// </code>
/// z(v) is a sum that can be read out: t(v) from nobody, d·P(u,v)·z(u) from each u that links to v. Nothing is returned
/// from nodes without links or from weight that evaporates: the sum of what is lost there only scales PageRank.
/// <para>Method: iterative refinement. A pass in double gives r = t + d·Pᵀz − z and with it the proof; z is then corrected
/// by a float solution of (I − dPᵀ)e = r (block Gauss–Seidel with extrapolation, <see cref="RankSystem"/>). When few
/// nodes are left over the tolerance (small circles of links that feed themselves converge last), <see cref="ResidualPush"/>
/// settles them. Stops at |r(v)| ≤ tolerance·z(v) for every v. ‖z − z*‖₁ ≤ ‖r‖₁/(1−d), since ‖(I − dPᵀ)⁻¹‖₁ ≤ 1/(1−d).
/// Against rounds in double alone (Jacobi), the same guarantee on one machine: cnr-2000 .30 s for 2.3, a million pages 1.1 s for
/// 18, a million domains 1.2 s for 5 (benchmark <c>SolveAuthority</c>).</para>
/// <para>Cost: about a hundred rounds over the links; memory 32 bytes a node for the double vectors, 8 for the float right side's
/// rows, some 28 a linking node for the rounds. Equal bytes for any number of threads, and after any number of interruptions where a
/// checkpoint is kept: its state is all that the next step depends on.</para>
/// </summary>
public static class RawAuthority
{
    /// <summary>Corrections without a gain after which rounding is taken to forbid more.</summary>
    private const int MostIdle = 4;

    /// <summary>Solves for z.</summary>
    /// <exception cref="ArgumentException">An option is out of its range, or not one value a node.</exception>
    /// <exception cref="GraphException">The checkpoint cannot be written.</exception>
    public static RawAuthorityResult Compute(LinkGraph graph, RawAuthorityOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        options ??= new RawAuthorityOptions();
        double[] t = Check(graph, options);
        using var solve = new AuthoritySolve(graph, t, options.Damping, options.Tolerance, options.Threads);
        if (options.Start is { } start)
            start.CopyTo(solve.Z);
        RankCheckpoint? checkpoint = options.Checkpoint is { } path ? new RankCheckpoint(path, graph, options) : null;
        CheckpointState? state = checkpoint?.TryResume(solve.Z);
        if (state is { Resumed: true })
            (solve.Rounds, solve.Pushes) = (state.Rounds, state.Pushes);
        AuthorityResidual? known = options.Start is null && state is not { Resumed: true } && graph.NodeCount > 0 && options.Damping > 0 ? solve.MeasureNothing() : null;
        RawAuthorityResult result = Run(solve, options, known, state, checkpoint, progress, cancel);
        checkpoint?.Delete();
        return result;
    }

    /// <summary>Refines the z that <paramref name="solve"/> holds until a pass in double finds it within the tolerance.</summary>
    /// <param name="known">What is already known of r; the first pass is then left out.</param>
    internal static RawAuthorityResult Run(AuthoritySolve solve, RawAuthorityOptions options, AuthorityResidual? known = null, CheckpointState? state = null,
        RankCheckpoint? checkpoint = null, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        double best = state?.Best ?? double.PositiveInfinity;
        int idle = state?.Idle ?? 0, n = solve.Graph.NodeCount;
        AuthorityResidual found;
        while (true)
        {
            bool proven = known is null;
            checkpoint?.Keep(new CheckpointState { Resumed = false, Rounds = solve.Rounds, Pushes = solve.Pushes, Best = best, Idle = idle }, solve.Z);
            found = known ?? solve.Measure(cancel);
            known = null;
            bool gained = found.Worst < 0.5 * best;
            idle = gained ? 0 : idle + 1;
            best = Math.Min(best, found.Worst);
            if (!proven && found.Over == 0)
                continue;
            if (found.Over == 0 || solve.Rounds >= options.MaxRounds || idle > MostIdle || options.Damping == 0)
                break;
            progress?.Report(new StepProgress("ranking", solve.Rounds, 0, "rounds"));
            if (found.Over > n * AuthoritySolve.FewNodes || !solve.Push(solve.Graph.LinkCount / 16 + 100_000, cancel))
                // a hundredth at least: where many small circles are left, the mean residual is within the tolerance before theirs is
                solve.Correct(found.Residual, Math.Min(0.05 * options.Tolerance * found.Sum, 0.01 * found.Residual), options.MaxRounds - solve.Rounds, cancel);
        }
        return new RawAuthorityResult
        {
            Raw = solve.Z.ToArray(),
            Rounds = solve.Rounds,
            Pushes = solve.Pushes,
            MaxRelativeResidual = found.Worst,
            ErrorBound = found.Sum > 0 ? (found.Residual + found.Rounding) / (1 - options.Damping) / found.Sum : 0,
            Converged = found.Over == 0,
            Checkpoint = state,
        };
    }

    /// <summary>Checks options; returns t.</summary>
    internal static double[] Check(LinkGraph graph, RawAuthorityOptions options)
    {
        if (!(options.Damping >= 0 && options.Damping < 1))
            throw new ArgumentOutOfRangeException(nameof(options), options.Damping, "damping must be at least 0 and less than 1");
        if (!(options.Tolerance > 0 && options.Tolerance < 1))
            throw new ArgumentOutOfRangeException(nameof(options), options.Tolerance, "tolerance must be greater than 0 and less than 1");
        if (options.MaxRounds < 1)
            throw new ArgumentOutOfRangeException(nameof(options), options.MaxRounds, "max rounds must be at least 1");
        if (options.CheckpointEvery < TimeSpan.Zero)
            throw new ArgumentOutOfRangeException(nameof(options), options.CheckpointEvery, "the time between checkpoints must be at least 0");
        _ = FixedRanges.Threads(options.Threads);
        CheckVector(graph, options.Teleport, "teleport");
        CheckVector(graph, options.Start, "start");
        if (options.Teleport is { } t)
            return t;
        double[] ones = GC.AllocateUninitializedArray<double>(graph.NodeCount);
        Array.Fill(ones, 1);
        return ones;
    }

    internal static void CheckVector(LinkGraph graph, double[]? values, string name)
    {
        if (values is null)
            return;
        if (values.Length != graph.NodeCount)
            throw new ArgumentException($"{name} has {values.Length} values where the graph has {graph.NodeCount} nodes", name);
        for (int node = 0; node < values.Length; node++)
            if (!(values[node] >= 0 && values[node] < double.PositiveInfinity))
                throw new ArgumentOutOfRangeException(name, values[node], $"{name} of node {node} must be finite and at least 0");
    }
}
