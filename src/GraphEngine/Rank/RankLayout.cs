using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Backlinks.GraphEngine;

/// <summary>How a rank layout is cut.</summary>
/// <param name="Lanes">Blocks that may be worked on at once, 1 to 64.</param>
/// <param name="Stages">Steps of a round, even, or 1 with one lane.</param>
/// <param name="HubLinks">In-degree above which a node is a hub.</param>
/// <param name="Local">Whether nodes keep the order of their numbers.</param>
internal sealed record RankLayoutShape(int Lanes, int Stages, long HubLinks, bool Local);

/// <summary>
/// The in-links in the order the rank kernels prefer, written once at import. Nodes get a <em>rank row</em> r:
/// <code>
/// rows 0 … c-1        nodes with out-links ("linking"), cut into blocks; then linking hubs
/// rows c … n-1        dangling nodes, cut into blocks; then dangling hubs
///
/// rank_nodes   &lt;u4  n       node of each row
/// rank_out     &lt;u4  c       out-degree of each linking row, links to itself included
/// rank_weight  &lt;f8  c       weighted graphs: sum of the out-weights of each linking row and of what it loses
/// rank_lost    &lt;f8  c       optional: share of each linking row's weight that goes nowhere (LinkGraph.LostWeights), 0 to below 1
/// rank_self    &lt;u4  s       linking rows that link to themselves, ascending; those links are not in rank_links
/// rank_selfw   &lt;f4  s       weighted graphs: weight of each of them
/// rank_runs    &lt;i8  R×3     runs of rows of equal in-degree: first row, in-degree, first link; a last row closes it
/// rank_blocks  &lt;i8  B+1     first run of each block: lanes × stages linking blocks, lane-major, then dangling blocks
/// rank_hubs    &lt;i8  H×3     row, in-degree, first link of rows too long for one block
/// rank_links   &lt;u4  m-s+128 by row: slots of the sources (see below); 128 zeros behind, so that prefetching may run ahead
/// rank_linkw   &lt;f4  m-s     weighted graphs: weight of each of rank_links
/// rank_meta    &lt;i8  8       layout version, lanes, stages, c, rows in linking blocks, rows in dangling blocks, local, slots
/// </code>
/// <para><b>Order.</b> Where links are local (Bharat et al. 2001: most stay on their host), rows keep the order of node
/// numbers and only windows of 4,096 are sorted by in-degree. Where they are not, nodes are grouped by out-degree
/// (16 logarithmic groups, as degree-based grouping of Faldu, Diamond and Grot 2019), so that the sources most gathered
/// from share cache lines. In both, rows of equal in-degree stand together: a run's loop has a fixed trip count, which the
/// branch predictor learns, and no row offsets need be read.</para>
/// <para><b>Lanes and stages.</b> Gauss–Seidel reads what it has just written, so two threads would race. Blocks make it
/// repeatable: block (lane, stage) is one sequential piece of work, the blocks of one stage run at once, stages follow each
/// other. A link from a block to another block of the same stage would race, so its slot is not the source's row but a
/// place in a <em>snapshot</em> taken of that stage before it began: slot c + parity·width + (row's place within its
/// stage). Every other link's slot is its source's row.</para>
/// <para>Costs 4 bytes a link on disk (8 weighted) and some 12 a node; building takes 8 bytes and a bit a node of memory,
/// 4 MiB a thread (8 weighted; more for a node with over a million in-links), and two passes over the links. The same graph
/// gives the same bytes on any machine.</para>
/// </summary>
internal sealed unsafe class RankLayout
{
    private const int Version = 1;
    private const int WindowRows = 4096;
    private const int BlockRows = 64;
    private const int OutGroups = 16;
    private const int ExactInDegrees = 1024;

    /// <summary>Zeros behind the last of rank_links.</summary>
    public const int Padding = 128;

    /// <summary>Links of a hub that one piece of work sums: long enough to hide its start, short enough to share out.</summary>
    public const int HubChunk = 1 << 15;

    private readonly MappedArray<long> _meta;

    private RankLayout(LinkGraph graph)
    {
        MappedArray<T> Need<T>(string name) where T : unmanaged => graph.MapIfPresent<T>(name)
            ?? throw new GraphException(graph.Folder, -1, $"has no array '{name}': import the graph again");
        _meta = Need<long>("rank_meta");
        if (_meta.Length != 8 || _meta[0] != Version)
            throw new GraphException(_meta.Path, _meta.Header.DataOffset, $"holds rank layout version {(_meta.Length > 0 ? _meta[0] : -1)}, not {Version}: import the graph again");
        Nodes = graph.NodeCount;
        Links = Need<uint>("rank_links");
        LinkCount = Links.Length - Padding;
        RowNodes = Need<uint>("rank_nodes");
        OutDegrees = Need<uint>("rank_out");
        SelfRows = Need<uint>("rank_self");
        Runs = Need<long>("rank_runs");
        Blocks = Need<long>("rank_blocks");
        Hubs = Need<long>("rank_hubs");
        OutWeights = graph.MapIfPresent<double>("rank_weight");
        LostShares = graph.MapIfPresent<double>("rank_lost");
        SelfWeights = graph.MapIfPresent<float>("rank_selfw");
        LinkWeights = graph.MapIfPresent<float>("rank_linkw");
    }

    public int Nodes { get; }

    /// <summary>Links in <see cref="Links"/>, those from a node to itself and the padding left out.</summary>
    public long LinkCount { get; }

    public int Lanes => (int)_meta[1];

    public int Stages => (int)_meta[2];

    /// <summary>c: rows with out-links.</summary>
    public int Linking => (int)_meta[3];

    /// <summary>Rows 0 to this are in linking blocks; from here to <see cref="Linking"/> are linking hubs.</summary>
    public int BlockedLinking => (int)_meta[4];

    /// <summary>Rows <see cref="Linking"/> to Linking + this are in dangling blocks; from there to n are dangling hubs.</summary>
    public int BlockedDangling => (int)_meta[5];

    public bool Local => _meta[6] != 0;

    /// <summary>Length of a vector that rank_links may index: c and the two snapshots.</summary>
    public long Slots => _meta[7];

    public int SnapshotWidth => (int)((Slots - Linking) / 2);

    public int BlockCount => (int)Blocks.Length - 1;

    public int LinkingBlocks => Lanes * Stages;

    public int HubCount => (int)(Hubs.Length / 3);

    public MappedArray<uint> Links { get; }

    public MappedArray<uint> RowNodes { get; }

    public MappedArray<uint> OutDegrees { get; }

    public MappedArray<uint> SelfRows { get; }

    public MappedArray<long> Runs { get; }

    public MappedArray<long> Blocks { get; }

    public MappedArray<long> Hubs { get; }

    public MappedArray<double>? OutWeights { get; }

    /// <summary>Null where no node loses weight.</summary>
    public MappedArray<double>? LostShares { get; }

    public MappedArray<float>? SelfWeights { get; }

    public MappedArray<float>? LinkWeights { get; }

    /// <summary>First row of a block; of <see cref="LinkingBlocks"/> too, which is where dangling rows begin.</summary>
    public int FirstRow(int block) => (int)Runs.Pointer[3 * Blocks.Pointer[block]];

    /// <summary>Row behind the last of a block.</summary>
    public int EndRow(int block) => block + 1 == LinkingBlocks ? BlockedLinking : FirstRow(block + 1);

    public static RankLayout Open(LinkGraph graph) => new(graph);

    /// <summary>Checks that no array names a row, run, link or slot out of range, so that kernels need not.</summary>
    /// <exception cref="GraphException">With path and offset.</exception>
    public static void Verify(LinkGraph graph, CancellationToken cancel = default)
    {
        if (!graph.Manifest.Arrays.ContainsKey("rank_meta"))
            return;
        RankLayout layout = Open(graph);
        int n = layout.Nodes;
        static void Require<T>(MappedArray<T> array, long index, bool right) where T : unmanaged
        {
            if (!right)
                throw new GraphException(array.Path, array.Header.DataOffset + index * Unsafe.SizeOf<T>(), "the rank layout is out of range: import the graph again");
        }
        Require(layout._meta, 1, layout._meta[1] is >= 1 and <= 1024 && layout._meta[2] is >= 1 and <= 1024);
        Require(layout._meta, 3, layout._meta[3] >= 0 && layout._meta[3] <= n && layout._meta[4] >= 0 && layout._meta[4] <= layout._meta[3]);
        Require(layout._meta, 5, layout._meta[5] >= 0 && layout._meta[5] <= n - layout._meta[3] && layout.Slots >= layout.Linking && layout.Slots <= uint.MaxValue);
        Require(layout.RowNodes, 0, layout.RowNodes.Length == n);
        Require(layout.Links, 0, layout.LinkCount >= 0);
        Require(layout.OutDegrees, 0, layout.OutDegrees.Length == layout.Linking);
        Require(layout.Runs, 0, layout.Runs.Length >= 3 && layout.Runs.Length % 3 == 0);
        Require(layout.Blocks, 0, layout.Blocks.Length > layout.LinkingBlocks && layout.Blocks[0] == 0 && layout.Blocks[layout.Blocks.Length - 1] == layout.Runs.Length / 3 - 1);
        for (long i = 0; i < n; i++)
            Require(layout.RowNodes, i, layout.RowNodes.Pointer[i] < (uint)n);
        for (long i = 0; i < layout.SelfRows.Length; i++)
            Require(layout.SelfRows, i, layout.SelfRows[i] < (uint)layout.Linking);
        for (long i = 0; i + 1 < layout.Blocks.Length; i++)
            Require(layout.Blocks, i, layout.Blocks[i] <= layout.Blocks[i + 1]);
        if (layout.OutWeights is { } w)
            Require(w, 0, w.Length == layout.Linking);
        if (layout.LostShares is { } lost)
        {
            Require(lost, 0, lost.Length == layout.Linking);
            for (long i = 0; i < lost.Length; i++)
                Require(lost, i, lost[i] is >= 0 and <= 1);
        }
        if (layout.LinkWeights is { } lw)
            Require(lw, 0, lw.Length == layout.LinkCount);
        if (layout.SelfWeights is { } sw)
            Require(sw, 0, sw.Length == layout.SelfRows.Length);
        for (long i = 3; i < layout.Runs.Length; i += 3)
        {
            long* run = layout.Runs.Pointer + i - 3;
            bool hubsBetween = run[3] == layout.Linking && run[0] < layout.Linking;
            long rows = (hubsBetween ? layout.BlockedLinking : run[3]) - run[0];
            Require(layout.Runs, i, rows >= 0 && run[1] >= 0 && run[2] >= 0 && run[0] >= 0 && run[3] <= n
                && run[1] <= layout.LinkCount && run[2] + (Int128)rows * run[1] <= layout.LinkCount);
        }
        for (long i = 0; i < layout.Hubs.Length; i += 3)
            Require(layout.Hubs, i, layout.Hubs[i] >= 0 && layout.Hubs[i] < n && layout.Hubs[i + 1] >= 0 && layout.Hubs[i + 2] >= 0
                && layout.Hubs[i + 1] <= layout.LinkCount - layout.Hubs[i + 2]);
        const int window = 1 << 22;
        for (long start = 0; start < layout.Links.Length; start += window)
        {
            cancel.ThrowIfCancellationRequested();
            ReadOnlySpan<uint> links = layout.Links.Slice(start, (int)Math.Min(window, layout.Links.Length - start));
            int bad = links.IndexOfAnyExceptInRange(0u, (uint)Math.Max(layout.Slots - 1, 0));
            Require(layout.Links, start + Math.Max(bad, 0), bad < 0);
        }
    }

    /// <summary>Writes the layout of the graph whose out_* and in_* files are already in <paramref name="folder"/>.</summary>
    public static void Write(string folder, int nodes, long links, IDictionary<string, ArrayEntry> arrays, GraphBuilderOptions options,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        using MappedArray<long> outOffsets = MappedArray<long>.Open(Path.Combine(folder, "out_offsets.npy"));
        using MappedArray<long> inOffsets = MappedArray<long>.Open(Path.Combine(folder, "in_offsets.npy"));
        using MappedArray<uint> inLinks = MappedArray<uint>.Open(Path.Combine(folder, "in_links.npy"));
        bool weighted = arrays.ContainsKey("in_weights");
        using MappedArray<float>? inWeights = weighted ? MappedArray<float>.Open(Path.Combine(folder, "in_weights.npy")) : null;
        using MappedArray<float>? outWeights = weighted ? MappedArray<float>.Open(Path.Combine(folder, "out_weights.npy")) : null;
        using MappedArray<double>? lost = weighted && arrays.ContainsKey(LinkGraph.LostName) ? MappedArray<double>.Open(Path.Combine(folder, $"{LinkGraph.LostName}.npy")) : null;
        new Writer(folder, nodes, links, arrays, options, outOffsets, inOffsets, inLinks, inWeights, outWeights, lost, progress, cancel).Write();
    }

    private sealed class Writer(string folder, int n, long m, IDictionary<string, ArrayEntry> arrays, GraphBuilderOptions options,
        MappedArray<long> outOffsets, MappedArray<long> inOffsets, MappedArray<uint> inLinks, MappedArray<float>? inWeights,
        MappedArray<float>? outWeights, MappedArray<double>? lostWeights, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        private readonly ParallelOptions _parallel = new()
        {
            MaxDegreeOfParallelism = options.Threads > 0 ? options.Threads : Environment.ProcessorCount,
            CancellationToken = cancel,
        };

        private readonly ulong[] _self = new ulong[(n + 63L) / 64]; // bit v: v links to itself
        private int[] _rowNodes = [];
        private int* _nodeRows; // n; until rows are cut, the degree of each row instead. On 2 MB pages: it is gathered from
        private int _linking;
        private int _blockedLinking;
        private int _blockedDangling;
        private int _lanes;
        private int _stages;
        private readonly List<long> _runs = [];
        private readonly List<long> _blocks = [];
        private readonly List<long> _hubs = [];
        private readonly List<int> _linkingStarts = [];

        private long HubLinks => options.RankShape?.HubLinks ?? Math.Max(2 * HubChunk, m / 256);

        public void Write()
        {
            _nodeRows = (int*)NativeBuffer.Allocate(Math.Max(4L * n, 64));
            try
            {
                WriteArrays();
            }
            finally
            {
                NativeMemory.AlignedFree(_nodeRows);
            }
        }

        private void WriteArrays()
        {
            progress?.Report(new StepProgress("ordering nodes", 0, n, "nodes"));
            FindSelfLinks();
            bool local = options.RankShape?.Local ?? (n <= 1 << 18 || IsLocal());
            Order(local);
            if (options.RankShape is { } shape)
                (_lanes, _stages) = (shape.Lanes, shape.Stages);
            else
                (_lanes, _stages) = m < 100_000 ? (1, 1) : (16, (int)Math.Clamp(m / 800_000, 2, 16) & ~1); // even: stages s and s+1 use different snapshots
            long position = 0;
            Cut(0, _blockedLinking, _lanes * _stages, ref position, _linkingStarts);
            Hubs(_blockedLinking, _linking, ref position);
            int danglingBlocks = _lanes * _stages;
            Cut(_linking, _linking + _blockedDangling, danglingBlocks, ref position, []);
            Hubs(_linking + _blockedDangling, n, ref position);
            _blocks.Add(_runs.Count / 3);
            _runs.AddRange(_linking + _blockedDangling, 0, position);
            int width = 0;
            for (int stage = 0; stage < _stages && _lanes > 1; stage++)
                width = Math.Max(width, StageRows(stage));
            long slots = _linking + 2L * width;
            if (slots > uint.MaxValue)
                throw new GraphException(folder, -1, $"{n} nodes are too many for the rank layout");

            Parallel.For(0, (n + 65535) / 65536, _parallel, part =>
            {
                for (long r = part * 65536L; r < Math.Min(n, (part + 1) * 65536L); r++)
                    _nodeRows[_rowNodes[r]] = (int)r;
            });
            WriteLinks(position, width);
            WriteRows();
            Add("rank_runs", [_runs.Count / 3, 3], CollectionsMarshal.AsSpan(_runs), "runs of rank rows: first row, in-degree, first link");
            Add("rank_blocks", [_blocks.Count], CollectionsMarshal.AsSpan(_blocks), "first run of each block");
            Add("rank_hubs", [_hubs.Count / 3, 3], CollectionsMarshal.AsSpan(_hubs), "row, in-degree, first link of rows too long for a block");
            Add<long>("rank_meta", [8], [Version, _lanes, _stages, _linking, _blockedLinking, _blockedDangling, local ? 1 : 0, slots],
                "layout version, lanes, stages, linking rows, of them in blocks, dangling rows in blocks, local, slots");
        }

        private void Add<T>(string name, long[] shape, ReadOnlySpan<T> values, string meaning) where T : unmanaged
        {
            using NpyWriter<T> writer = new(Path.Combine(folder, $"{name}.npy"), shape);
            writer.Write(values);
            arrays[name] = writer.Finish(meaning);
        }

        private int RowCount => n;

        private bool Self(int v) => (_self[v >> 6] >> (v & 63) & 1) != 0;

        /// <summary>In-links of a node, the one from itself not counted.</summary>
        private long Degree(int v) => inOffsets.Pointer[v + 1L] - inOffsets.Pointer[v] - (Self(v) ? 1 : 0);

        private long OutDegree(int v) => outOffsets.Pointer[v + 1L] - outOffsets.Pointer[v];

        private void FindSelfLinks() => Parallel.For(0, (n + 65535) / 65536, _parallel, part =>
        {
            for (long v = part * 65536L; v < Math.Min(n, (part + 1) * 65536L); v++)
            {
                long start = inOffsets.Pointer[v];
                var row = new ReadOnlySpan<uint>(inLinks.Pointer + start, checked((int)(inOffsets.Pointer[v + 1] - start)));
                if (row.Length <= 64 ? row.Contains((uint)v) : row.BinarySearch((uint)v) >= 0) // vectors beat halving for a while
                    _self[v >> 6] |= 1UL << (int)(v & 63); // parts are whole words
            }
        });

        /// <summary>Whether at least half of the links join nodes less than 32,768 apart, by a sample of about a million.</summary>
        private bool IsLocal()
        {
            long step = Math.Max(1, m / 1_000_000), near = 0, seen = 0;
            int v = 0;
            for (long i = 0; i < m; i += step, seen++)
            {
                while (inOffsets.Pointer[v + 1L] <= i)
                    v++;
                if (Math.Abs(inLinks.Pointer[i] - (long)v) < 32768)
                    near++;
            }
            return near * 2 >= seen;
        }

        private void Order(bool local)
        {
            _rowNodes = new int[n];
            var hubs = new List<int>();
            int danglingHubs = 0;
            for (int v = 0; v < n; v++)
            {
                bool linking = OutDegree(v) > 0;
                _linking += linking ? 1 : 0;
                if (Degree(v) > HubLinks)
                {
                    hubs.Add(v);
                    danglingHubs += linking ? 0 : 1;
                }
            }
            _blockedLinking = _linking - (hubs.Count - danglingHubs);
            _blockedDangling = n - _linking - danglingHubs;
            int atLinking = _blockedLinking, atDangling = n - danglingHubs;
            foreach (int v in hubs)
                _rowNodes[OutDegree(v) > 0 ? atLinking++ : atDangling++] = v;
            if (local)
                OrderByWindow();
            else
                OrderByDegree();
            Parallel.For(0, (n + 65535) / 65536, _parallel, part =>
            {
                for (long r = part * 65536L; r < Math.Min(n, (part + 1) * 65536L); r++)
                {
                    if (Sse.IsSupported && r + 16 < n)
                        Sse.Prefetch0(inOffsets.Pointer + _rowNodes[r + 16]);
                    _nodeRows[r] = (int)Degree(_rowNodes[r]);
                }
            });
        }

        private void OrderByWindow()
        {
            int linking = 0, dangling = _linking;
            for (int v = 0; v < n; v++)
                if (Degree(v) <= HubLinks)
                    _rowNodes[OutDegree(v) > 0 ? linking++ : dangling++] = v;
            SortWindows(0, _blockedLinking);
            SortWindows(_linking, _linking + _blockedDangling);
        }

        private void SortWindows(int start, int end) => Parallel.For(0, (end - start + WindowRows - 1) / WindowRows, _parallel, window =>
        {
            int first = start + window * WindowRows;
            Span<int> rows = _rowNodes.AsSpan(first, Math.Min(WindowRows, end - first));
            Span<ulong> keys = new ulong[rows.Length]; // in-degree descending, then node: a total order
            for (int i = 0; i < rows.Length; i++)
                keys[i] = (ulong)(uint.MaxValue - (uint)Degree(rows[i])) << 32 | (uint)rows[i];
            keys.Sort();
            for (int i = 0; i < rows.Length; i++)
                rows[i] = (int)(uint)keys[i];
        });

        /// <summary>A stable counting sort by (out-degree group descending, in-degree descending).</summary>
        private void OrderByDegree()
        {
            long[] starts = new long[(OutGroups + 1) * ExactInDegrees + 1];
            for (int v = 0; v < n; v++)
                if (Degree(v) <= HubLinks)
                    starts[Bin(v) + 1]++;
            for (int b = 1; b < starts.Length; b++)
                starts[b] += starts[b - 1];
            long skip = _linking - _blockedLinking; // the linking hubs stand between the groups and the dangling rows
            long[] at = (long[])starts.Clone();
            for (int v = 0; v < n; v++)
                if (Degree(v) <= HubLinks)
                {
                    int bin = Bin(v);
                    _rowNodes[at[bin]++ + (bin >= OutGroups * ExactInDegrees ? skip : 0)] = v;
                }
            for (int group = 0; group <= OutGroups; group++) // the first bin of a group holds all longer rows: sort them exactly
            {
                long shift = group == OutGroups ? skip : 0;
                int bin = group * ExactInDegrees;
                _rowNodes.AsSpan((int)(starts[bin] + shift), (int)(starts[bin + 1] - starts[bin]))
                    .Sort((a, b) => Degree(a) != Degree(b) ? Degree(b).CompareTo(Degree(a)) : a.CompareTo(b));
            }
        }

        private int Bin(int v)
        {
            long outDegree = OutDegree(v);
            int group = outDegree == 0 ? OutGroups : OutGroups - 1 - Math.Min(OutGroups - 1, BitOperations.Log2((ulong)outDegree));
            return group * ExactInDegrees + ExactInDegrees - 1 - (int)Math.Min(Degree(v), ExactInDegrees - 1);
        }

        /// <summary>Cuts rows into blocks of about equal cost and their rows into runs.</summary>
        private void Cut(int start, int end, int blocks, ref long position, List<int> starts)
        {
            long total = 0;
            for (int r = start; r < end; r++)
                total += _nodeRows[r] + 3; // a row costs about what three links do
            int row = start;
            long cost = 0;
            for (int block = 0; block < blocks; block++)
            {
                _blocks.Add(_runs.Count / 3);
                starts.Add(row);
                long goal = (long)((Int128)total * (block + 1) / blocks), degree = -1;
                bool began = false;
                while (row < end && (cost < goal || block == blocks - 1 || (row - start) % BlockRows != 0))
                {
                    long d = _nodeRows[row];
                    if (!began || d != degree)
                    {
                        _runs.AddRange(row, d, position);
                        (degree, began) = (d, true);
                    }
                    position += d;
                    cost += d + 3;
                    row++;
                }
                if (!began)
                    _runs.AddRange(row, 0, position); // an empty block still tells where it stands
            }
            starts.Add(end);
        }

        private void Hubs(int start, int end, ref long position)
        {
            for (int r = start; r < end; r++)
            {
                long d = _nodeRows[r];
                _hubs.AddRange(r, d, position);
                position += d;
            }
        }

        private int StageRows(int stage)
        {
            int rows = 0;
            for (int lane = 0; lane < _lanes; lane++)
                rows += _linkingStarts[lane * _stages + stage + 1] - _linkingStarts[lane * _stages + stage];
            return rows;
        }

        private void WriteLinks(long total, int width)
        {
            // where a block's rows stand within the snapshot of its stage, less its first row
            int blocks = _lanes * _stages;
            long[] snapshot = new long[blocks];
            for (int stage = 0; stage < _stages; stage++)
            {
                int at = 0;
                for (int block = stage; block < blocks; block += _stages)
                {
                    snapshot[block] = _linking + (long)(stage & 1) * width + at - _linkingStarts[block];
                    at += _linkingStarts[block + 1] - _linkingStarts[block];
                }
            }
            ushort[] stageOf = new ushort[blocks]; // block % stages: a division for each link would be felt
            for (int block = 0; block < blocks; block++)
                stageOf[block] = (ushort)(block % _stages);
            ushort[] blockOf = new ushort[_blockedLinking / BlockRows + 1];
            for (int block = 0; block < blocks; block++)
                for (int r = _linkingStarts[block]; r < _linkingStarts[block + 1]; r += BlockRows)
                    blockOf[r / BlockRows] = (ushort)block;

            using NpyWriter<uint> links = new(Path.Combine(folder, "rank_links.npy"), total + Padding);
            using NpyWriter<float>? weights = inWeights is null ? null : new(Path.Combine(folder, "rank_linkw.npy"), total);
            var cursor = new RowCursor(this);
            long done = 0;
            OrderedWork.Run([.. Enumerable.Range(0, _parallel.MaxDegreeOfParallelism).Select(_ => new Piece())],
                take: piece => cursor.TryTake(piece),
                produce: piece => Fill(piece, weights is not null, blockOf, stageOf, snapshot),
                commit: piece =>
                {
                    links.Write(piece.Links.AsSpan(0, piece.Length));
                    weights?.Write(piece.Weights.AsSpan(0, piece.Length));
                    done += piece.Length;
                    progress?.Report(new StepProgress("laying out links for ranking", done, total, "links"));
                },
                cancel);
            links.Write(new uint[Padding]);
            arrays["rank_links"] = links.Finish("slots of the sources of each rank row's in-links, then 128 zeros");
            if (weights is not null)
                arrays["rank_linkw"] = weights.Finish("weight of each of rank_links");
        }

        private void Fill(Piece piece, bool weighted, ushort[] blockOf, ushort[] stageOf, long[] snapshot)
        {
            if (piece.Links.Length < piece.Length)
                piece.Links = new uint[Math.Max(piece.Length, RowCursor.PieceLinks)];
            if (weighted && piece.Weights.Length < piece.Length)
                piece.Weights = new float[piece.Links.Length];
            int at = 0;
            fixed (uint* to = piece.Links)
            fixed (float* toWeights = piece.Weights)
            fixed (int* nodes = _rowNodes)
            fixed (ushort* blocks = blockOf, stages = stageOf)
                for (int row = piece.Row; row < piece.End; row++)
                {
                    if (Sse.IsSupported && row + 16 < piece.End)
                    {
                        Sse.Prefetch0(inOffsets.Pointer + nodes[row + 16]);
                        Sse.Prefetch0(inLinks.Pointer + inOffsets.Pointer[nodes[row + 8]]);
                    }
                    int v = nodes[row];
                    int block = row < _blockedLinking ? blocks[row / BlockRows] : -1;
                    for (long i = inOffsets.Pointer[v], end = inOffsets.Pointer[v + 1L]; i < end; i++)
                    {
                        uint u = inLinks.Pointer[i];
                        if (u == (uint)v)
                            continue;
                        int source = _nodeRows[u];
                        long slot = source;
                        if (block >= 0 && source < _blockedLinking)
                        {
                            int from = blocks[source / BlockRows];
                            if (from != block && stages[from] == stages[block])
                                slot = snapshot[from] + source;
                        }
                        if (weighted)
                            toWeights[at] = inWeights!.Pointer[i];
                        to[at++] = (uint)slot;
                    }
                }
        }

        private void WriteRows()
        {
            Add("rank_nodes", [n], MemoryMarshal.Cast<int, uint>(_rowNodes.AsSpan()), "node of each rank row");
            using NpyWriter<uint> degrees = new(Path.Combine(folder, "rank_out.npy"), _linking);
            using NpyWriter<double>? weights = outWeights is null ? null : new(Path.Combine(folder, "rank_weight.npy"), _linking);
            using NpyWriter<double>? lost = lostWeights is null ? null : new(Path.Combine(folder, "rank_lost.npy"), _linking);
            double[] lostBuffer = new double[65536];
            var self = new List<uint>();
            var selfWeights = new List<float>();
            uint[] degreeBuffer = new uint[65536];
            double[] weightBuffer = new double[65536];
            for (int start = 0; start < _linking; start += degreeBuffer.Length)
            {
                int count = Math.Min(degreeBuffer.Length, _linking - start);
                for (int i = 0; i < count; i++)
                {
                    int v = _rowNodes[start + i];
                    long first = outOffsets.Pointer[v], last = outOffsets.Pointer[v + 1L];
                    degreeBuffer[i] = (uint)(last - first);
                    if (outWeights is not null)
                    {
                        double sum = 0;
                        for (long k = first; k < last; k++)
                            sum += outWeights.Pointer[k];
                        double less = lostWeights is null ? 0 : lostWeights.Pointer[v];
                        weightBuffer[i] = sum += less;
                        lostBuffer[i] = sum > 0 ? less / sum : 0;
                    }
                    if (Self(v))
                    {
                        self.Add((uint)(start + i));
                        if (inWeights is not null)
                        {
                            long row = inOffsets.Pointer[v];
                            int at = new ReadOnlySpan<uint>(inLinks.Pointer + row, (int)(inOffsets.Pointer[v + 1L] - row)).BinarySearch((uint)v);
                            selfWeights.Add(inWeights.Pointer[row + at]);
                        }
                    }
                }
                degrees.Write(degreeBuffer.AsSpan(0, count));
                weights?.Write(weightBuffer.AsSpan(0, count));
                lost?.Write(lostBuffer.AsSpan(0, count));
            }
            arrays["rank_out"] = degrees.Finish("out-degree of each linking rank row");
            if (weights is not null)
                arrays["rank_weight"] = weights.Finish("sum of the out-weights of each linking rank row");
            if (lost is not null)
                arrays["rank_lost"] = lost.Finish("share of each linking rank row's weight that goes nowhere");
            Add<uint>("rank_self", [self.Count], CollectionsMarshal.AsSpan(self), "linking rank rows that link to themselves");
            if (outWeights is not null)
                Add<float>("rank_selfw", [selfWeights.Count], CollectionsMarshal.AsSpan(selfWeights), "weight of each link of rank_self");
        }

        // Rows that one thread lays out, and what it made of them.
        private sealed class Piece
        {
            public int Row, End, Length;
            public uint[] Links = [];
            public float[] Weights = [];
        }

        /// <summary>Cuts all rows into pieces by their degrees, which the runs and hubs tell in order.</summary>
        private sealed class RowCursor(Writer writer)
        {
            /// <summary>Links of a piece; more only where one row has more.</summary>
            public const int PieceLinks = 1 << 20;

            private int _row;
            private int _run;
            private int _hub;

            public bool TryTake(Piece piece)
            {
                piece.Row = _row;
                long length = 0;
                while (_row < writer.RowCount)
                {
                    (long degree, int end) = Next();
                    long some = degree == 0 ? end - _row : Math.Min(end - _row, Math.Max(PieceLinks - length, 0) / degree);
                    if (some == 0 && length == 0)
                        some = 1;
                    if (some == 0)
                        break;
                    length += some * degree;
                    _row += (int)some;
                }
                (piece.End, piece.Length) = (_row, checked((int)length));
                return piece.End > piece.Row;
            }

            // In-degree of _row, and the end of the rows that have the same.
            private (long Degree, int End) Next()
            {
                List<long> hubs = writer._hubs, runs = writer._runs;
                while (_hub < hubs.Count && hubs[_hub] < _row)
                    _hub += 3;
                if (_hub < hubs.Count && hubs[_hub] == _row)
                    return (hubs[_hub + 1], _row + 1);
                while (_run + 3 < runs.Count && runs[_run + 3] <= _row)
                    _run += 3;
                long end = _run + 3 < runs.Count ? runs[_run + 3] : writer.RowCount;
                if (_hub < hubs.Count)
                    end = Math.Min(end, hubs[_hub]);
                return (runs[_run + 1], (int)end);
            }
        }
    }
}
