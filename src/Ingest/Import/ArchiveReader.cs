namespace Backlinks.Ingest;

/// <summary>
/// Reads the records of an archive file in batches: what WARC and ARC have in common. A record is handed out once its end
/// has been seen to be one (an empty line and the next record, or the end of file or gzip member) and its gzip member has
/// been verified. What fails is left out, counted in <see cref="ArchiveBatch.Faults"/>, and reading goes on at the next
/// place where a record starts:
/// <list type="bullet">
/// <item>a damaged gzip member that holds one record is left out; of one that holds many, the whole records are handed out
/// as not <see cref="ArchiveRecord.Sound"/>;</item>
/// <item>a record whose length is wrong or whose header cannot be read is left out; the search goes on behind its header,
/// so that a length that is too large swallows nothing;</item>
/// <item>a record that runs over several members is read as one.</item>
/// </list>
/// Memory: a batch and 512 KB, whatever the file. A member with more records than fit into a batch is unpacked twice, first to
/// verify it.
/// </summary>
internal abstract class ArchiveReader : IDisposable
{
    private const int MaxHeader = 1 << 16;

    private readonly int _maxBlock;
    private readonly byte[] _peek = new byte[4096];
    private MemberEnd? _verdict; // of the open member, where it had to be verified ahead
    private int _inMember; // records read of the open member, or since the member where a record that spans members started
    private int _pending; // first record in the batch whose member has not ended
    private bool _damageSaid;
    private int _skip; // records of the first member that were done before
    private bool _shortRecord; // the next member starts a record, though this one has not ended
    private bool _started, _ended;
    private (long Offset, int Records) _resume;

    /// <param name="maxBlock">Bytes of a block that are kept.</param>
    protected ArchiveReader(string path, int maxBlock)
    {
        Text = new ArchiveText(path);
        _maxBlock = maxBlock;
    }

    protected ArchiveText Text { get; }

    public long Length => Text.Length;

    /// <summary>Goes on where <see cref="ArchiveBatch.Next"/> of an earlier reader of this file said.</summary>
    public void Seek((long Offset, int Records) place)
    {
        Text.Seek(place.Offset);
        _skip = place.Records;
    }

    /// <summary>Fills a batch, with <paramref name="most"/> records at most; false at the end of the file, when it stays empty.</summary>
    public bool Read(ArchiveBatch batch, int most = int.MaxValue, CancellationToken cancel = default)
    {
        batch.Clear();
        _pending = 0;
        while (!_ended)
        {
            if (!Advance(batch))
            {
                _ended = true;
                _resume = (Text.Length, 0);
                break;
            }
            if (batch.Full || batch.Records.Count >= most)
            {
                if (Text.Packed && _inMember > 0 && most == int.MaxValue) // records of this member go out before its end is known
                {
                    _verdict ??= GzipMembers.Check(Text.Path, Text.Place, cancel);
                    Judge(batch, _verdict.Value);
                }
                break;
            }
            cancel.ThrowIfCancellationRequested();
            ReadRecord(batch);
        }
        batch.Next = _resume;
        return batch.Records.Count > 0 || batch.Faults.Count > 0;
    }

    public void Dispose() => Text.Dispose();

    /// <summary>Whether a record can start with these bytes; <paramref name="all"/> where no more follow.</summary>
    protected abstract bool Starts(ReadOnlySpan<byte> text, bool all);

    /// <summary>Length of the record's header in the text, 0 where the text ends before it.</summary>
    protected abstract int HeaderLength(ReadOnlySpan<byte> text);

    /// <summary>The record that a header announces, or null and the problem.</summary>
    protected abstract ArchiveRecord? Parse(ReadOnlySpan<byte> header, long offset, int index, out string problem);

    /// <summary>Whether the block is to be kept.</summary>
    protected abstract bool Wants(ArchiveRecord record);

    /// <summary>Where in the text a record may start, or -1.</summary>
    protected abstract int FindStart(ReadOnlySpan<byte> text);

    private bool StartsMember(ReadOnlySpan<byte> text) => Starts(text, all: text.Length < 64);

    /// <summary>Moves to the start of a record, over empty lines and ends of members; false at the end of the file.</summary>
    private bool Advance(ArchiveBatch batch)
    {
        while (true)
        {
            int blank = Text.Unread.IndexOfAnyExcept((byte)'\r', (byte)'\n');
            Text.Skip(blank < 0 ? Text.Unread.Length : blank);
            if (blank < 0)
            {
                if (Text.Fill())
                    continue;
                if (!Text.Packed)
                    return false;
                if (_started)
                    EndMember(batch);
                _started = true;
                if (!Text.NextMember())
                    return false;
                BeginMember(batch);
                continue;
            }
            while (Text.Unread.Length < _peek.Length && Text.Fill())
            {
            }
            if (Starts(Text.Unread, all: Text.Unread.Length < _peek.Length))
                break;
            Stray(batch);
        }
        if (!Text.Packed)
            _resume = (Text.Place, 0);
        else
            _resume.Records = _inMember;
        return true;
    }

    private void BeginMember(ArchiveBatch batch)
    {
        _resume = (Text.Place, 0);
        (_inMember, _verdict, _damageSaid) = (0, null, false);
        _pending = batch.Records.Count;
    }

    private void EndMember(ArchiveBatch batch)
    {
        MemberEnd end = Text.End;
        if (end == MemberEnd.Sound)
            return;
        if (!_damageSaid)
            batch.Faults.Add(new Quarantined(Text.Place, 0, Damage(end)));
        Judge(batch, end);
        Text.Resynchronise(StartsMember);
    }

    private static string Damage(MemberEnd end) => end switch
    {
        MemberEnd.Cut => "the file ends within a gzip member: it is cut short; fetch it again",
        MemberEnd.WrongChecksum => "the checksum of the gzip member is wrong or missing",
        _ => "the gzip data is damaged",
    };

    /// <summary>What a member's verdict means for the records of it in this batch.</summary>
    private void Judge(ArchiveBatch batch, MemberEnd end)
    {
        if (end == MemberEnd.Sound)
            return;
        if (_inMember <= 1 && end != MemberEnd.Cut)
            batch.Records.RemoveRange(Math.Min(_pending, batch.Records.Count), batch.Records.Count - Math.Min(_pending, batch.Records.Count));
        else if (_inMember <= 1 || end != MemberEnd.Cut) // before the cut, text is as good as that of a plain file
            for (int i = _pending; i < batch.Records.Count; i++)
                batch.Records[i].Sound = false;
        _pending = batch.Records.Count;
    }

    /// <summary>Text where a record should start: the length of the record before it was too small, or the file is damaged.</summary>
    private void Stray(ArchiveBatch batch)
    {
        string about = "";
        if (Text.Packed && _inMember > 0 && batch.Records.Count > _pending)
        {
            about = batch.Records[^1].Target;
            batch.Records.RemoveAt(batch.Records.Count - 1);
        }
        batch.Faults.Add(new Quarantined(Text.Place, 0, about.Length > 0 ? "the record goes on behind its length" : "no record starts here", about));
        FindNext();
    }

    /// <summary>Skips to the next start of a record in the plain file or the open member.</summary>
    private void FindNext()
    {
        while (true)
        {
            int found = FindStart(Text.Unread);
            if (found >= 0)
            {
                Text.Skip(found);
                while (Text.Unread.Length < _peek.Length && Text.Fill())
                {
                }
                if (Starts(Text.Unread, all: Text.Unread.Length < _peek.Length))
                    return;
                Text.Skip(1);
                continue;
            }
            Text.Skip(Math.Max(0, Text.Unread.Length - 64)); // a start may lie over the edge
            if (!Text.Fill())
            {
                Text.Skip(Text.Unread.Length);
                return;
            }
        }
    }

    private void ReadRecord(ArchiveBatch batch)
    {
        long offset = Text.Place;
        int length;
        while ((length = HeaderLength(Text.Unread)) == 0)
            if (Text.Unread.Length >= MaxHeader || !More())
            {
                Incomplete(batch, offset, Text.Unread.Length >= MaxHeader ? "the header of the record has no end" : null, "");
                return;
            }
        ArchiveRecord? record = Parse(Text.Unread[..length], offset, _inMember, out string problem);
        Text.Skip(length);
        if (record is null)
        {
            batch.Faults.Add(new Quarantined(offset, 0, problem));
            FindNext();
            return;
        }
        if (!Text.Packed && WrongLength(record) is { } wrong)
        {
            batch.Faults.Add(new Quarantined(offset, 0, wrong, record.Target));
            FindNext();
            return;
        }
        int used = batch.Used, cap = Wants(record) ? _maxBlock : 0;
        record.Start = used;
        long left = record.Length;
        if (!Text.Packed && left > ArchiveText.BufferBytes && cap == 0)
        {
            Text.Seek(Text.Place + left);
            left = 0;
        }
        while (left > 0)
        {
            if (Text.Unread.IsEmpty && !More())
            {
                batch.Truncate(used);
                Incomplete(batch, offset, null, record.Target);
                return;
            }
            int take = (int)Math.Min(left, Text.Unread.Length), keep = (int)Math.Min(take, cap - (batch.Used - used));
            batch.Append(Text.Unread[..keep]);
            Text.Skip(take);
            left -= take;
        }
        record.Kept = batch.Used - used;
        _inMember++;
        if (_skip > 0)
        {
            _skip--;
            batch.Truncate(used);
            return;
        }
        _pending = Math.Min(_pending, batch.Records.Count);
        batch.Records.Add(record);
    }

    /// <summary>More text of a record that has not ended; false where the file ends, the member is damaged, or the next one starts a record.</summary>
    private bool More()
    {
        if (Text.Fill())
            return true;
        if (!Text.Packed || Text.End != MemberEnd.Sound || !Text.NextMember())
            return false;
        (_verdict, _damageSaid, _pending) = (null, false, int.MaxValue);
        while (Text.Unread.Length - Text.OfEarlierMembers < 64 && Text.Fill())
        {
        }
        if (!Starts(Text.Unread[Text.OfEarlierMembers..], all: false))
            return true;
        _shortRecord = true;
        return false;
    }

    private void Incomplete(ArchiveBatch batch, long offset, string? problem, string about)
    {
        if (_shortRecord)
        {
            _shortRecord = false;
            batch.Faults.Add(new Quarantined(offset, 0, "the record is shorter than its length", about));
            Text.Skip(Text.OfEarlierMembers);
            BeginMember(batch);
            return;
        }
        if (problem is null && Text.Packed && Text.End is not (MemberEnd.Sound or MemberEnd.Open))
        {
            batch.Faults.Add(new Quarantined(offset, 0, Damage(Text.End), about));
            _damageSaid = true;
            Text.Skip(Text.Unread.Length);
            return;
        }
        batch.Faults.Add(new Quarantined(offset, 0, problem ?? "the file ends within the record: it is cut short; fetch it again", about));
        if (problem is null)
        {
            Text.Skip(Text.Unread.Length);
            return;
        }
        Text.Skip(1);
        FindNext();
    }

    /// <summary>Of a plain file, whose place behind the block can be looked at before the block is read.</summary>
    private string? WrongLength(ArchiveRecord record)
    {
        long end = Text.Place + record.Length;
        if (end > Text.Length || end < 0)
            return "the file ends within the record: its length is wrong or the file is cut short";
        int got = Text.Peek(_peek, end);
        ReadOnlySpan<byte> behind = _peek.AsSpan(0, got), text = behind.TrimStart("\r\n"u8);
        return text.IsEmpty || Starts(text, all: got < _peek.Length) ? null : "no record follows at the end of this one: its length is wrong";
    }
}
