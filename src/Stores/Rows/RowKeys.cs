using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>
/// Where pages and domains are among the rows of a run: their keys in order, mapped, so that finding one is a binary search of some
/// microseconds and no question to the database, which would unpack two thousand keys. Beside <c>rows.duckdb</c>:
/// <code>
/// row_keys/pages/    keys of pages by no, as <see cref="NodeNames"/> keeps them; a host and a domain of one name differ by a byte 1
/// row_keys/domains/  keys of domains by no
/// row_keys/page_domains.npy  &lt;u4  domain of each page
/// </code>
/// </summary>
public sealed class RowKeys : IDisposable
{
    public const string FolderName = "row_keys";

    private const string PagesName = "pages", DomainsName = "domains", PageDomainsName = "page_domains.npy";

    private readonly List<IDisposable> _open = [];
    private readonly NodeNames _pages, _domains;
    private readonly MappedArray<uint> _domainOf;
    private readonly Lazy<(uint First, uint Last, uint Count)[]> _pagesOf;

    /// <param name="run">The run's folder.</param>
    /// <param name="pages">How many the rows have.</param>
    /// <param name="domains">How many the rows have.</param>
    /// <exception cref="StoreException">Files are missing or are not of these rows: rank again.</exception>
    public RowKeys(string run, long pages, long domains)
    {
        string folder = Path.Combine(run, FolderName);
        try
        {
            _domainOf = Opened(MappedArray<uint>.Open(Path.Combine(folder, PageDomainsName)));
            _pages = Names(PagesName, pages);
            _domains = Names(DomainsName, domains);
            if (_domainOf.Length != pages)
                throw new StoreException(folder, "is not of the rows beside it: rank again");
        }
        catch (Exception e) when (e is GraphException or FileNotFoundException or DirectoryNotFoundException)
        {
            Dispose();
            throw new StoreException(folder, "cannot be read: rank again", e);
        }
        catch
        {
            Dispose();
            throw;
        }
        _pagesOf = new Lazy<(uint, uint, uint)[]>(CountPages);

        NodeNames Names(string name, long count)
        {
            var bytes = Opened(MappedArray<byte>.Open(Path.Combine(folder, name, "names.npy")));
            var blocks = Opened(MappedArray<long>.Open(Path.Combine(folder, name, "name_blocks.npy")));
            return blocks.Length == (count + NodeNames.BlockSize - 1) / NodeNames.BlockSize + 1 ? new NodeNames(checked((int)count), bytes, blocks)
                : throw new StoreException(folder, "is not of the rows beside it: rank again");
        }
    }

    /// <summary>How many pages have a key below this one: the number of the first that has not.</summary>
    public uint PagesBelow(ReadOnlySpan<byte> key) => (uint)_pages.CountBelow(key);

    /// <summary>The domain of that key, or null.</summary>
    public uint? FindDomain(ReadOnlySpan<byte> key) => _domains.FindKey(key) is >= 0 and int domain ? (uint)domain : null;

    /// <summary>The domain of a page.</summary>
    public uint DomainOf(uint page) => _domainOf[page];

    /// <summary>Where the pages of a domain are: the first, the last, and how many.</summary>
    public (uint First, uint Last, uint Count) PagesOf(uint domain) => _pagesOf.Value[domain];

    public void Dispose()
    {
        foreach (IDisposable opened in _open)
            opened.Dispose();
    }

    /// <summary>Writes the keys of rows that are being written.</summary>
    internal static void Write(string folder, RowPages pages)
    {
        var entries = new Dictionary<string, ArrayEntry>(); // these lie outside run.json, as the rows do
        using (NodeNamesWriter names = new(Directory.CreateDirectory(Path.Combine(folder, PagesName)).FullName))
        {
            for (int page = 0; page < pages.Count; page++)
            {
                ReadOnlySpan<byte> key = pages.Keys[page].Utf8;
                names.Add(page > 0 && key.SequenceEqual(pages.Keys[page - 1].Utf8) ? [.. key, 1] : key);
            }
            names.Finish(entries);
        }
        using (NodeNamesWriter names = new(Directory.CreateDirectory(Path.Combine(folder, DomainsName)).FullName))
        {
            foreach (ref readonly RowText key in pages.DomainKeys.AsSpan())
                names.Add(key.Utf8);
            names.Finish(entries);
        }
        NpyWriter<uint>.WriteAll(Path.Combine(folder, PageDomainsName), pages.DomainOf, "domain of each page");
    }

    private (uint, uint, uint)[] CountPages()
    {
        var places = new (uint First, uint Last, uint Count)[_domains.Count];
        for (long page = 0; page < _domainOf.Length; page++)
        {
            if (_domainOf[page] >= places.Length)
                throw new StoreException(_domainOf.Path, $"names domain {_domainOf[page]} of {places.Length}: rank again");
            ref (uint First, uint Last, uint Count) place = ref places[_domainOf[page]];
            if (place.Count++ == 0)
                place.First = (uint)page;
            place.Last = (uint)page;
        }
        return places;
    }

    private T Opened<T>(T disposable) where T : IDisposable
    {
        _open.Add(disposable);
        return disposable;
    }
}
