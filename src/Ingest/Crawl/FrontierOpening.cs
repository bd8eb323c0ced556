using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Backlinks.Ingest;

/// <summary>
/// Reading the journal back, and rewriting it without what is dead. While it is read, slots ascend with offsets, a slot's
/// <c>Next</c> holds the number of its host, and outcomes find their slots by binary search; the lists are strung
/// together when it is known who is left. Half a microsecond a record: no text is decoded but hosts'.
/// </summary>
public sealed partial class Frontier
{
    private void OpenJournal()
    {
        string path = Path.Combine(_folder, FrontierJournal.FileName);
        File.Delete(Rewritten(path)); // of a compaction that a crash ended
        if (!File.Exists(path))
        {
            _journal = FrontierJournal.Publish(FrontierJournal.Create(Rewritten(path)), path);
            _seed = _journal.Seed;
            return;
        }
        var waiting = new List<(int Slot, long NotBefore)>();
        long now = _politeness.Now;
        using (SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
            _seed = FrontierJournal.ReadSeed(file, path);
        _journal = FrontierJournal.Open(path, _options.AcceptCut, (offset, payload) => Replay(offset, payload.Span, waiting, now));
        foreach ((int slot, long _) in waiting)
            _slots[slot].Place |= FrontierSlots.Slot.LaterFlag;
        for (int slot = 0; slot < _slots.Used; slot++)
        {
            ref FrontierSlots.Slot it = ref _slots[slot];
            if (it.Dead)
                continue;
            _queued++;
            if (!it.Later)
                _hostList[it.Next].Append(_slots, slot);
        }
        foreach ((int slot, long notBefore) in waiting)
            if (!_slots[slot].Dead)
                _later.Enqueue((_hostList[_slots[slot].Next], slot), (notBefore, ++_laterNumber));
        for (int slot = _slots.Used - 1; slot >= 0; slot--)
            if (_slots[slot].Dead)
                _slots.GiveBack(slot);
        long longest = Math.Max(_options.Politeness.MaxRetryAfter.Ticks, _options.Politeness.MaxCrawlDelay.Ticks); // the clock may have been wrong when they were noted
        foreach (FrontierHost host in _hostList)
        {
            if (!_options.Politeness.Off)
                host.NextAt = Math.Max(Math.Min(host.NextAt, now + longest), now + Math.Max(_options.Politeness.MinGap.Ticks, host.CrawlDelay));
            _politeness.Enter(host);
        }
        TryCompact();
    }

    private static string Rewritten(string path) => path + ".new";

    private void Replay(long offset, ReadOnlySpan<byte> payload, List<(int, long)> waiting, long now)
    {
        long frame = FrontierJournal.FrameBytes + payload.Length;
        switch ((FrontierRecordKind)payload[0])
        {
            case FrontierRecordKind.Queue:
                QueueRecord queue = QueueRecord.Read(payload, withFrom: false);
                FrontierHost host = HostOf(HostIn(queue.Url));
                if (queue.BackToReplaced != 0)
                    End(offset - queue.BackToReplaced, queue.Flags.HasFlag(QueueFlags.Counts) ? 1 : 0);
                else if (queue.Flags.HasFlag(QueueFlags.FetchedBefore))
                    _done++; // compacted; its host's record has it counted
                _seen.Add(Hash(queue.Url));
                int slot = _slots.Add(offset, queue.Flags.HasFlag(QueueFlags.Urgent));
                _slots[slot].Next = host.Number;
                if (queue.NotBefore > now)
                    waiting.Add((slot, queue.NotBefore));
                _queueFrames++;
                _queueBytes += frame;
                break;
            case FrontierRecordKind.End:
                EndRecord end = EndRecord.Read(payload);
                End(offset - end.Back, end.Counts);
                if (end.State != FrontierState.Done)
                    _skipped[(int)end.State]++;
                _deadBytes += frame;
                break;
            case FrontierRecordKind.Skip:
                SkipRecord skip = SkipRecord.Read(payload);
                if (_seen.Add(skip.Hash))
                    _skipped[(int)skip.State]++;
                break;
            case FrontierRecordKind.Done:
                for (int at = 1; at + 8 <= payload.Length; at += 8)
                {
                    _seen.Add(BinaryPrimitives.ReadUInt64LittleEndian(payload[at..]));
                    _done++;
                }
                break;
            case FrontierRecordKind.Host:
                HostRecord known = HostRecord.Read(payload);
                FrontierHost of = HostOf(known.Name);
                (of.Done, of.NextAt, of.CrawlDelay, of.Strikes, of.Failures) = (known.Done, known.NextAt, known.CrawlDelay, known.Strikes, known.Failures);
                of.AddressName = Encoding.UTF8.GetString(known.Address);
                of.Asked = true;
                _politeness.SetAddress(of, of.AddressName);
                _deadBytes += frame;
                break;
            case FrontierRecordKind.Commit:
                _deadBytes += frame;
                break;
            default:
                throw new InvalidDataException($"a record of kind {payload[0]}");
        }
    }

    private void End(long offset, int counts)
    {
        int slot = _slots.FindAscending(offset);
        if (slot == FrontierSlots.None || _slots[slot].Dead)
            throw new InvalidDataException($"an outcome of what is not queued at {offset}");
        _slots[slot].Place |= FrontierSlots.Slot.DeadFlag;
        _hostList[_slots[slot].Next].Done += counts;
        _done += counts;
    }

    // Under both locks. The old file stays what it is until the new one is whole, on the disk and renamed over it.
    private void Compact()
    {
        string path = _journal.Path;
        _journal.Spill();
        (long[] places, int[] slots) = Live();
        FrontierJournal to = FrontierJournal.Create(Rewritten(path), _seed);
        try
        {
            foreach (FrontierHost host in _hostList)
            {
                HostRecord.Write(_record, host);
                to.Append(_record.Written);
            }
            long queueStart = to.Length;
            CopyLiving(to, places);
            long length = to.Length;
            to = FrontierJournal.Publish(to, path);
            _journal.Dispose();
            _journal = to;
            for (int i = 0; i < slots.Length; i++)
                _slots[slots[i]].Move(places[i]);
            (_queueFrames, _queueBytes, _deadBytes) = (slots.Length, length - queueStart, queueStart);
        }
        catch
        {
            to.Dispose();
            File.Delete(Rewritten(path));
            throw;
        }
    }

    // The records that wait or are leased, in the order of the journal: their offsets, and their slots.
    private (long[] Places, int[] Slots) Live()
    {
        var places = new long[_queued + _leased];
        var slots = new int[places.Length];
        int count = 0;
        for (int slot = 0; slot < _slots.Used; slot++)
            if (!_slots[slot].Dead)
                (places[count], slots[count++]) = (_slots[slot].Offset, slot);
        Array.Sort(places, slots);
        return (places, slots);
    }

    // Turns the offsets in places into the new ones as it goes.
    private void CopyLiving(FrontierJournal to, long[] places)
    {
        int next = 0;
        byte[] buffer = new byte[4096];
        var done = new RecordWriter();
        int hashes = 0;
        using (SafeFileHandle file = File.OpenHandle(_journal.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
        {
            long end = FrontierJournal.Scan(file, _journal.Path, _seed, (offset, payload) => Copy(offset, payload.Span));
            if (end != _journal.Length || next != places.Length)
                throw ImportException.AtByte(_journal.Path, end, "the frontier was altered since it was written: the disk is failing, or another program wrote here");
        }
        if (hashes > 0)
            to.Append(done.Written);

        void Copy(long offset, ReadOnlySpan<byte> payload)
        {
            switch ((FrontierRecordKind)payload[0])
            {
                case FrontierRecordKind.Queue when next < places.Length && places[next] == offset:
                    QueueRecord queue = QueueRecord.Read(payload);
                    QueueRecord.Write(_record, queue.Flags & ~QueueFlags.Counts, queue.Hops, queue.Redirects, queue.Attempts, queue.NotBefore, 0,
                        queue.Url, Encoding.UTF8.GetBytes(queue.From), queue.Detail);
                    places[next++] = to.Append(_record.Written);
                    break;
                case FrontierRecordKind.End:
                    EndRecord end = EndRecord.Read(payload);
                    QueueRecord ended = QueueRecord.Read(_journal.Read(offset - end.Back, ref buffer));
                    if (end.State == FrontierState.Done)
                        AddDone(Hash(ended.Url));
                    else
                    {
                        SkipRecord.Write(_record, end.State, Hash(ended.Url), ended.Hops, ended.Url, end.Detail, Encoding.UTF8.GetBytes(ended.From));
                        to.Append(_record.Written);
                    }
                    break;
                case FrontierRecordKind.Done:
                    for (int at = 1; at + 8 <= payload.Length; at += 8)
                        AddDone(BinaryPrimitives.ReadUInt64LittleEndian(payload[at..]));
                    break;
                case FrontierRecordKind.Skip:
                    to.Append(payload);
                    break;
            }
        }

        void AddDone(ulong hash)
        {
            if (hashes == 0)
                done.Start(FrontierRecordKind.Done);
            done.Fixed(hash);
            if (++hashes < 8192)
                return;
            to.Append(done.Written);
            hashes = 0;
        }
    }
}
