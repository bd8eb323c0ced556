using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>Takes rows of a source to a builder: as they are where nodes keep their numbers, else link by link.</summary>
internal sealed class RowSink : IDisposable
{
    private readonly GraphBuilder _builder;
    private readonly NodeNumbering? _numbering;
    private readonly NodeNamesWriter? _names;
    private ulong[] _links = [];

    /// <param name="names">A file with one name per line in node order, or null.</param>
    public RowSink(string folder, GraphBuilderOptions options, string? names, int nodes)
    {
        if (names is not null)
        {
            _numbering = NodeNumbering.Read(names, nodes);
            _names = new NodeNamesWriter(folder);
            _numbering.AddTo(_names);
        }
        _builder = new GraphBuilder(folder, options);
    }

    /// <param name="ascending">The targets ascend and are distinct, in this row and all others.</param>
    public void Add(uint source, ReadOnlySpan<uint> targets, ReadOnlySpan<float> weights, bool ascending)
    {
        uint[]? numbers = _numbering?.Numbers;
        if (ascending && numbers is null)
        {
            _builder.AddRow(source, targets, weights);
            return;
        }
        uint from = numbers is null ? source : numbers[source];
        if (!weights.IsEmpty)
        {
            for (int i = 0; i < targets.Length; i++)
                _builder.Add(from, numbers is null ? targets[i] : numbers[targets[i]], weights[i]);
            return;
        }
        if (_links.Length < targets.Length)
            _links = new ulong[Math.Max(targets.Length, 1 << 12)];
        for (int i = 0; i < targets.Length; i++)
            _links[i] = (ulong)from << 32 | (numbers is null ? targets[i] : numbers[targets[i]]);
        _builder.AddRange(_links.AsSpan(0, targets.Length));
    }

    public GraphManifest Build(int nodes, IProgress<StepProgress>? progress, CancellationToken cancel) =>
        _builder.Build(nodes, _names, progress, cancel);

    public void Dispose()
    {
        _builder.Dispose();
        _names?.Dispose();
    }
}
