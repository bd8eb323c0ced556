using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Backlinks.Ingest;

/// <summary>Finds out what a journal says of one URL by reading all of it, ~1 GB/s, without a lock: a crawl may go on
/// writing, and what it has written so far is what counts. Memory grows with the URLs queued for the same host.</summary>
internal sealed class FrontierLook
{
    private readonly byte[] _url, _host;
    private readonly ulong _hash;
    private readonly Dictionary<long, bool> _waiting = []; // of the host: offset to urgent
    private long _offset = -1; // of the URL's queue record, while it waits
    private long _notBefore, _hostNextAt;
    private FrontierEntry? _entry;

    private FrontierLook(string url, ulong seed)
    {
        _url = Encoding.UTF8.GetBytes(url);
        _host = Frontier.HostIn(_url).ToArray();
        _hash = XxHash3.HashToUInt64(_url, (long)seed);
    }

    public static FrontierEntry? Find(string path, string url)
    {
        if (!File.Exists(path))
            return null;
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        ulong seed = FrontierJournal.ReadSeed(file, path);
        var look = new FrontierLook(url, seed);
        FrontierJournal.Scan(file, path, seed, (offset, payload) => look.See(offset, payload.Span));
        return look.Answer();
    }

    private FrontierEntry? Answer()
    {
        if (_entry is not { State: FrontierState.Queued })
            return _entry;
        bool urgent = _waiting[_offset];
        long ready = Math.Max(_hostNextAt, _notBefore);
        return _entry with
        {
            Ahead = _waiting.Count(w => w.Value == urgent ? w.Key < _offset : w.Value),
            ReadyAt = ready > 0 ? new DateTimeOffset(ready, TimeSpan.Zero) : null,
        };
    }

    private void See(long offset, ReadOnlySpan<byte> payload)
    {
        switch ((FrontierRecordKind)payload[0])
        {
            case FrontierRecordKind.Queue:
                QueueRecord queue = QueueRecord.Read(payload, withFrom: false);
                if (!Frontier.HostIn(queue.Url).SequenceEqual(_host))
                    break;
                _waiting.Remove(offset - queue.BackToReplaced);
                _waiting.Add(offset, queue.Flags.HasFlag(QueueFlags.Urgent));
                if (!queue.Url.SequenceEqual(_url))
                    break;
                queue = QueueRecord.Read(payload);
                (_offset, _notBefore) = (offset, queue.NotBefore);
                _entry = new FrontierEntry(Encoding.UTF8.GetString(_url), FrontierState.Queued, queue.Hops, queue.Attempts,
                    Encoding.UTF8.GetString(queue.Detail), queue.From, 0, null);
                break;
            case FrontierRecordKind.End:
                EndRecord end = EndRecord.Read(payload);
                _waiting.Remove(offset - end.Back);
                if (_entry is { State: FrontierState.Queued } && offset - end.Back == _offset)
                    _entry = _entry with { State = end.State, Attempts = _entry.Attempts + 1, Detail = Encoding.UTF8.GetString(end.Detail) };
                break;
            case FrontierRecordKind.Skip:
                SkipRecord skip = SkipRecord.Read(payload);
                if (skip.Hash == _hash)
                    _entry = new FrontierEntry(Encoding.UTF8.GetString(_url), skip.State, skip.Hops, 0,
                        Encoding.UTF8.GetString(skip.Detail), Encoding.UTF8.GetString(skip.From), 0, null);
                break;
            case FrontierRecordKind.Done:
                for (int at = 1; at + 8 <= payload.Length; at += 8)
                    if (BinaryPrimitives.ReadUInt64LittleEndian(payload[at..]) == _hash)
                        _entry = new FrontierEntry(Encoding.UTF8.GetString(_url), FrontierState.Done, 0, 0, "", "", 0, null);
                break;
            case FrontierRecordKind.Host:
                HostRecord host = HostRecord.Read(payload);
                if (host.Name.SequenceEqual(_host))
                    _hostNextAt = host.NextAt;
                break;
        }
    }
}
