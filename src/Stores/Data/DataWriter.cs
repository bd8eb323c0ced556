using System.Globalization;
using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>A graph that was published, or found to be there already.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Manifest">Its table of contents.</param>
/// <param name="IsNew">False where the same graph had been imported before: nothing was written.</param>
/// <param name="Replaced">True where the copy that was there is damaged and this one took its place.</param>
public sealed record PublishedGraph(string Id, GraphManifest Manifest, bool IsNew, bool Replaced);

/// <summary>
/// The only process that may write to a <see cref="DataFolder"/>, until disposed. The lock is the operating system's
/// (flock, or a share mode on Windows) on the file .lock, so it ends with its process however that ends.
/// </summary>
public sealed class DataWriter : IDisposable
{
    private readonly FileStream _lock;
    private readonly string _holder;

    internal DataWriter(DataFolder folder)
    {
        Folder = folder;
        string path = Path.Combine(folder.Path, ".lock");
        _holder = Path.Combine(folder.Path, ".lock-holder");
        folder.Make();
        try
        {
            Directory.CreateDirectory(folder.Graphs);
            Directory.CreateDirectory(folder.Runs);
            Directory.CreateDirectory(folder.Crawls);
            _lock = Lock(path);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreException(folder.Path, "cannot be written: change its permissions or name another folder with --data", e);
        }
        try
        {
            File.WriteAllText(_holder, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            RemoveLeftovers();
        }
        catch
        {
            _lock.Dispose();
            throw;
        }
    }

    public DataFolder Folder { get; }

    /// <summary>An empty folder to build a graph in; <see cref="PublishGraph"/> gives it its name, else it goes with this writer.</summary>
    /// <param name="what">A word that tells it from others built at the same time.</param>
    public string NewGraphFolder(string what = "work") => NewFolder(Folder.Graphs, what);

    /// <summary>Publishes the graph built in <paramref name="building"/> and makes it the current one. The same graph
    /// published before is left as it is, unless its files turn out to be damaged: then this one replaces them.</summary>
    /// <param name="makeCurrent">False for the graphs of the link store, which are known by their run.</param>
    /// <exception cref="IOException">The disk is full or fails; nothing was published.</exception>
    public PublishedGraph PublishGraph(string building, GraphManifest manifest, bool makeCurrent = true, CancellationToken cancel = default)
    {
        cancel.ThrowIfCancellationRequested();
        string digest = manifest.Digest();
        bool isNew = true, replaced = false;
        string id = "";
        for (int hex = 8; hex <= digest.Length; hex *= 2) // longer only when another graph has the same eight digits
        {
            id = $"{Slug(manifest.Source is { Format: "store" } store ? "store-" + store.Name : manifest.Source?.Name)}-{digest[..hex]}";
            string there = Path.Combine(Folder.Graphs, id);
            if (!Directory.Exists(there))
                break;
            try
            {
                using LinkGraph graph = LinkGraph.Open(there, cancel);
                if (graph.Manifest.Digest() != digest)
                    continue;
                isNew = false;
            }
            catch (GraphException)
            {
                Directory.Move(there, NewFolderName(Folder.Graphs, "damaged"));
                replaced = true;
            }
            break;
        }
        if (isNew)
            Durable.MoveFolder(building, Path.Combine(Folder.Graphs, id));
        else
            Directory.Delete(building, recursive: true);
        if (makeCurrent && Folder.CurrentGraph != id)
            Durable.WriteText(Path.Combine(Folder.Graphs, DataFolder.CurrentName), id + "\n");
        return new PublishedGraph(id, manifest, isNew, replaced);
    }

    /// <summary>Releases the lock and removes what was not published.</summary>
    public void Dispose()
    {
        try
        {
            RemoveLeftovers();
            File.Delete(_holder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What cannot be removed now is removed by the next writer; the error that led here matters more.
        }
        _lock.Dispose();
    }

    /// <summary>Makes the folder of a new crawl with its settings and makes it the current one.</summary>
    /// <param name="name">What people know it by: the first seed's host.</param>
    /// <param name="settings">The content of crawl.json.</param>
    /// <returns>The crawl's id.</returns>
    /// <exception cref="IOException">The disk is full or fails; no crawl was made.</exception>
    public string NewCrawl(string name, string settings)
    {
        int last = Folder.CrawlIds().Select(DataFolder.SequenceOf).DefaultIfEmpty(0).Max();
        string id = string.Create(CultureInfo.InvariantCulture, $"{last + 1:0000}-{Slug(name)}");
        string building = NewFolder(Folder.Crawls);
        File.WriteAllText(Path.Combine(building, DataFolder.CrawlSettings), settings);
        Durable.MoveFolder(building, Path.Combine(Folder.Crawls, id));
        Durable.WriteText(Path.Combine(Folder.Crawls, DataFolder.CurrentName), id + "\n");
        return id;
    }

    /// <summary>Takes a run or graph away: out of sight first, whole, then off the disk. Who has its files mapped keeps them where the system
    /// lets files be deleted that are open, as Linux does; elsewhere the next writer removes what is left.</summary>
    /// <exception cref="IOException">It cannot be renamed; it is still there.</exception>
    internal static void Remove(string parent, string id)
    {
        string removed = NewFolderName(parent, "removed-" + id);
        Durable.MoveFolder(Path.Combine(parent, id), removed);
        try
        {
            Directory.Delete(removed, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is out of sight; the next writer tries again.
        }
    }

    internal string NewRunFolder() => NewFolder(Folder.Runs);

    /// <summary>Names the run built in <paramref name="building"/> and makes it the current one.</summary>
    internal string PublishRun(string building, string digest)
    {
        int last = Folder.RunIds().Select(DataFolder.SequenceOf).DefaultIfEmpty(0).Max();
        string id = string.Create(CultureInfo.InvariantCulture, $"{last + 1:0000}-{digest[..8]}");
        Durable.MoveFolder(building, Path.Combine(Folder.Runs, id));
        Durable.WriteText(Path.Combine(Folder.Runs, DataFolder.CurrentName), id + "\n");
        return id;
    }

    private FileStream Lock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException e) when (e.GetType() == typeof(IOException) && IsSharingViolation(e.HResult))
        {
            string pid = "";
            int? holder = null;
            try
            {
                string text = File.ReadAllText(_holder).Trim();
                pid = $" (process {text})";
                holder = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
            }
            catch (IOException)
            {
                // The holder has the lock but has not said its name yet.
            }
            throw new StoreException(Folder.Path,
                $"another 'backlinks'{pid} is writing here; wait until it is done or name another folder with --data", e)
            { Busy = true, Holder = holder };
        }
    }

    /// <summary>EWOULDBLOCK of flock on Linux (11) and macOS and the BSDs (35); ERROR_SHARING_VIOLATION on Windows.</summary>
    private static bool IsSharingViolation(int code) => code is 11 or 35 or unchecked((int)0x80070020);

    private static string NewFolder(string parent, string what = "work")
    {
        string path = NewFolderName(parent, what);
        Directory.CreateDirectory(path);
        return path;
    }

    private static string NewFolderName(string parent, string what)
    {
        string path = Path.Combine(parent, $"{DataFolder.Building}{Environment.ProcessId}-{what}");
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        return path;
    }

    private void RemoveLeftovers()
    {
        foreach (string parent in new[] { Folder.Graphs, Folder.Runs, Folder.Crawls })
        {
            foreach (string left in Directory.GetDirectories(parent, DataFolder.Building + "*"))
                Directory.Delete(left, recursive: true);
            foreach (string left in Directory.GetFiles(parent, DataFolder.CurrentName + ".*.tmp"))
                File.Delete(left);
        }
    }

    /// <summary>The source's name without its endings, in characters that need no quoting in a shell.</summary>
    private static string Slug(string? name)
    {
        var slug = new StringBuilder();
        foreach (char c in WithoutEndings(name ?? ""))
            slug.Append(char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-');
        string text = slug.ToString().Trim('.', '-');
        const int longest = 60; // a folder name stays readable, and far below every file system's 255
        return text.Length == 0 ? "graph" : text.Length > longest ? text[..longest] : text;
    }

    private static string WithoutEndings(string name)
    {
        string[] endings = [".gz", ".graph", ".properties", ".txt", ".tsv", ".csv", ".edges", ".el", ".npz", ".npy"];
        while (Array.Find(endings, e => name.EndsWith(e, StringComparison.OrdinalIgnoreCase)) is { } ending)
            name = name[..^ending.Length];
        return name;
    }
}
