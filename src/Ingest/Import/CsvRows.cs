using System.Text;

namespace Backlinks.Ingest;

/// <summary>Rows of a CSV file on their way to a worker.</summary>
internal sealed class RowBlock
{
    public StringBuilder Text { get; } = new();

    /// <summary>For each row: its first line in the file, and where it starts in the text.</summary>
    public List<(long Line, int Start)> Rows { get; } = [];

    public List<Quarantined> Faults { get; } = [];

    public (long Offset, int Records) Next { get; set; }

    public void Clear()
    {
        Text.Clear();
        Rows.Clear();
        Faults.Clear();
    }
}

/// <summary>
/// Cuts a CSV file into rows (RFC 4180) without interpreting them: a row goes on over line ends within quotes. A quote
/// that is never closed costs its own line only, not the rest of the file: where no end is found within 64 lines or 256 K
/// characters, the line is left out and reading goes on behind it.
/// </summary>
internal sealed class CsvRows : IDisposable
{
    private const int MaxLines = 64, MaxRow = 1 << 18, BlockChars = 1 << 19;

    private readonly MemberStream _stream;
    private readonly StreamReader _text;
    private readonly char _delimiter;
    private readonly LinkedList<(string Text, long Line)> _waiting = [];
    private readonly char[] _buffer = new char[1 << 15];
    private int _start, _end;
    private long _line;
    private int _done;
    private bool _skipLineFeed, _endSaid;

    public CsvRows(string path, char delimiter, int linesBefore, long skipRows)
    {
        _stream = new MemberStream(path);
        _text = new StreamReader(_stream, CsvExports.Encoding(FileHead.Read(path)), detectEncodingFromByteOrderMarks: true, 1 << 16);
        _delimiter = delimiter;
        for (int i = 0; i < linesBefore; i++)
            NextLine(out _, out _);
        RowBlock skipped = new();
        while (_done < skipRows && Next(skipped))
            skipped.Clear();
    }

    /// <summary>Fills a block with rows; false at the end of the file.</summary>
    public bool Read(RowBlock block, CancellationToken cancel)
    {
        block.Clear();
        while (block.Text.Length < BlockChars && block.Faults.Count < 1000 && Next(block))
            cancel.ThrowIfCancellationRequested();
        if (!_endSaid && _stream.Problem is { } problem && _waiting.Count == 0 && _start == _end)
        {
            _endSaid = true;
            block.Faults.Add(new Quarantined(_stream.Position, 0, problem));
        }
        block.Next = (_stream.Position, _done);
        return block.Rows.Count > 0 || block.Faults.Count > 0;
    }

    public void Dispose() => _text.Dispose();

    /// <summary>The fields of one line, quotes undone.</summary>
    public static List<string> Split(string line, char delimiter)
    {
        List<string> fields = [];
        StringBuilder field = new();
        bool quoted = false;
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            if (c == '"' && quoted && i + 1 < line.Length && line[i + 1] == '"')
                field.Append(line[i++]);
            else if (c == '"' && (quoted || field.Length == 0))
                quoted = !quoted;
            else if (c == delimiter && !quoted)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else
                field.Append(c);
        }
        fields.Add(field.ToString());
        return fields;
    }

    private bool Next(RowBlock block)
    {
        if (!Line(out string line, out long number))
            return false;
        _done++;
        if (line.Length > MaxRow)
        {
            block.Faults.Add(new Quarantined(-1, number, $"the line is longer than {MaxRow} characters", line[..200]));
            return true;
        }
        if (string.IsNullOrWhiteSpace(line))
            return true;
        int start = block.Text.Length;
        block.Text.Append(line);
        bool open = LeavesOpen(line, open: false);
        List<(string, long)>? more = null;
        for (int lines = 1; open; lines++)
        {
            if (lines >= MaxLines || block.Text.Length - start > MaxRow || !Line(out string next, out long nextNumber))
            {
                block.Text.Length = start;
                block.Faults.Add(new Quarantined(-1, number, "a quoted field is not closed", line.Length > 200 ? line[..200] : line));
                if (more is not null)
                    for (int i = more.Count - 1; i >= 0; i--)
                        _waiting.AddFirst(more[i]);
                return true;
            }
            (more ??= []).Add((next, nextNumber));
            block.Text.Append('\n').Append(next);
            open = LeavesOpen(next, open: true);
        }
        block.Rows.Add((number, start));
        block.Text.Append('\n');
        return true;
    }

    /// <summary>Whether a line ends within quotes. Only a quote at the start of a field opens.</summary>
    private bool LeavesOpen(string line, bool open)
    {
        bool atStart = !open;
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            if (open)
            {
                int quote = line.IndexOf('"', i);
                if (quote < 0)
                    return true;
                i = quote;
                if (i + 1 < line.Length && line[i + 1] == '"')
                    i++;
                else
                    open = false;
                continue;
            }
            open = c == '"' && atStart;
            atStart = c == _delimiter;
        }
        return open;
    }

    private bool Line(out string line, out long number)
    {
        if (_waiting.First is not { } first)
            return NextLine(out line, out number);
        (line, number) = first.Value;
        _waiting.RemoveFirst();
        return true;
    }

    /// <summary>The next line without its end, which is CR, LF or both; of one that is too long, the part that shows it.</summary>
    private bool NextLine(out string line, out long number)
    {
        number = _line + 1;
        StringBuilder? parts = null;
        while (true)
        {
            if (_start == _end)
            {
                (_start, _end) = (0, _text.Read(_buffer));
                if (_end == 0)
                {
                    line = parts?.ToString() ?? "";
                    _line += parts is null ? 0 : 1;
                    return parts is not null;
                }
            }
            if (_skipLineFeed)
            {
                _skipLineFeed = false;
                if (_buffer[_start] == '\n' && ++_start == _end)
                    continue;
            }
            int stop = _buffer.AsSpan(_start, _end - _start).IndexOfAny('\r', '\n');
            ReadOnlySpan<char> part = _buffer.AsSpan(_start, stop < 0 ? _end - _start : stop);
            _start += part.Length;
            if (stop >= 0)
            {
                _skipLineFeed = _buffer[_start++] == '\r';
                _line++;
                if (parts is null)
                {
                    line = new string(part);
                    return true;
                }
            }
            parts ??= new StringBuilder();
            if (parts.Length <= MaxRow)
                parts.Append(part);
            if (stop >= 0)
            {
                line = parts.ToString();
                return true;
            }
        }
    }

    /// <summary>A file's text, unpacked; where it is damaged it ends, and <see cref="Problem"/> says why.</summary>
    private sealed class MemberStream(string path) : Stream
    {
        private readonly ArchiveText _text = new(path);
        private bool _started;

        public string? Problem { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            while (_text.Unread.IsEmpty)
            {
                if (_text.Fill())
                    break;
                if (!_text.Packed || Problem is not null)
                    return 0;
                if (_started && _text.End != MemberEnd.Sound)
                {
                    Problem = "the gzip data is damaged or cut short here: what follows is missing";
                    return 0;
                }
                _started = true;
                if (!_text.NextMember())
                    return 0;
            }
            int take = Math.Min(buffer.Length, _text.Unread.Length);
            _text.Unread[..take].CopyTo(buffer);
            _text.Skip(take);
            return take;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override long Position { get => _text.Place; set => throw new NotSupportedException(); }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _text.Dispose();
            base.Dispose(disposing);
        }
    }
}
