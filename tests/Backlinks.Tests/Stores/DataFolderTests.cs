using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Tests.Stores;

public sealed class DataFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private DataFolder Data => new(_folder.File("data"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_new_folder_has_no_graph_and_no_run()
    {
        Assert.Empty(Data.GraphIds());
        Assert.Empty(Data.RunIds());
        Assert.Null(Data.CurrentGraph);
        Assert.Null(Data.CurrentRun);
        Assert.Contains("import", Assert.Throws<StoreException>(() => Data.OpenGraph()).Message);
    }

    [Fact]
    public void A_published_graph_is_current_and_named_for_its_source_and_digest()
    {
        PublishedGraph published = Publish("1996 uk/web:hosts.tsv.gz", (0, 1));
        Assert.True(published.IsNew);
        Assert.Equal($"1996-uk-web-hosts-{published.Manifest.Digest()[..8]}", published.Id);
        Assert.Equal(published.Id, Data.CurrentGraph);
        using LinkGraph graph = Data.OpenGraph(cancel: TestContext.Current.CancellationToken);
        Assert.Equal(1, graph.LinkCount);
    }

    [Theory]
    [InlineData(null, "graph")]
    [InlineData("...", "graph")]
    [InlineData("../../etc", "etc")]
    [InlineData("cnr-2000.graph", "cnr-2000")]
    public void An_id_never_leaves_its_folder(string? source, string slug) =>
        Assert.StartsWith($"{slug}-", Publish(source, (0, 1)).Id);

    [Fact]
    public void The_same_graph_again_is_not_written_but_becomes_current()
    {
        string first = Publish("a", (0, 1)).Id, second = Publish("b", (0, 1)).Id;
        Assert.Equal(second, Data.CurrentGraph);
        PublishedGraph again = Publish("a", (0, 1));
        Assert.False(again.IsNew);
        Assert.Equal(first, again.Id);
        Assert.Equal(first, Data.CurrentGraph);
        Assert.Equal([first, second], Data.GraphIds());
    }

    [Fact]
    public void Another_graph_with_the_same_id_gets_a_longer_one()
    {
        string id = Publish("a", (0, 1)).Id;
        Directory.Delete(Path.Combine(Data.Graphs, id), recursive: true);
        using (DataWriter writer = Data.BeginWriting())
        {
            string other = writer.NewGraphFolder();
            Build(other, "other", (1, 0));
            Directory.Move(other, Path.Combine(Data.Graphs, id)); // as if its digest began alike
        }
        Assert.Matches("^a-[0-9a-f]{16}$", Publish("a", (0, 1)).Id);
    }

    [Fact]
    public void A_second_writer_is_refused_while_the_first_lives_and_welcome_after()
    {
        using (Data.BeginWriting())
        {
            StoreException refused = Assert.Throws<StoreException>(() => Data.BeginWriting());
            Assert.Equal(Data.Path, refused.Path);
            Assert.Contains($"process {Environment.ProcessId}", refused.Message);
        }
        Data.BeginWriting().Dispose();
    }

    [Fact]
    public void A_lock_file_that_nobody_holds_does_not_matter()
    {
        Directory.CreateDirectory(Data.Path);
        File.WriteAllText(Path.Combine(Data.Path, ".lock"), "");
        File.WriteAllText(Path.Combine(Data.Path, ".lock-holder"), "1");
        Data.BeginWriting().Dispose();
    }

    [Fact]
    public void Leftovers_of_killed_writers_are_invisible_and_go_with_the_next_one()
    {
        string id = Publish("a", (0, 1)).Id;
        string left = Directory.CreateDirectory(Path.Combine(Data.Graphs, ".building-999999-work")).FullName;
        File.WriteAllText(Path.Combine(left, "out_links.npy"), "half");
        File.WriteAllText(Path.Combine(Data.Graphs, "current.999999.tmp"), "half");
        Assert.Equal([id], Data.GraphIds());
        Data.BeginWriting().Dispose();
        Assert.Equal([Path.Combine(Data.Graphs, id)], Directory.GetDirectories(Data.Graphs));
        Assert.Equal([Path.Combine(Data.Graphs, "current")], Directory.GetFiles(Data.Graphs));
    }

    [Fact]
    public void What_was_built_but_not_published_goes_with_its_writer()
    {
        using (DataWriter writer = Data.BeginWriting())
            Build(writer.NewGraphFolder(), "a", (0, 1));
        Assert.Empty(Directory.GetFileSystemEntries(Data.Graphs));
    }

    [Fact]
    public void A_pointer_that_names_nothing_sensible_is_told()
    {
        string id = Publish("a", (0, 1)).Id;
        string current = Path.Combine(Data.Graphs, "current");
        File.WriteAllText(current, "gone-12345678\n");
        Assert.Contains($"'gone-12345678', which is not there; name one of {id}", Assert.Throws<StoreException>(() => Data.GraphId(null)).Message);
        File.WriteAllText(current, "../../etc\n");
        Assert.Contains("current", Assert.Throws<StoreException>(() => Data.GraphId(null)).Message);
        Assert.Equal(id, Data.GraphId(id));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_told()
    {
        File.WriteAllText(_folder.File("data"), "a file where the folder should be");
        Assert.Contains(_folder.File("data"), Assert.ThrowsAny<IOException>(() => Data.BeginWriting()).Message);
    }

    private PublishedGraph Publish(string? source, params TestLink[] links)
    {
        using DataWriter writer = Data.BeginWriting();
        string building = writer.NewGraphFolder();
        return writer.PublishGraph(building, Build(building, source, links));
    }

    private static GraphManifest Build(string folder, string? source, params TestLink[] links)
    {
        using GraphBuilder builder = new(folder, new GraphBuilderOptions { Source = source is null ? null : new GraphSource("generated", source) });
        foreach (TestLink link in links)
            builder.Add(link.Source, link.Target);
        return builder.Build(2);
    }
}
