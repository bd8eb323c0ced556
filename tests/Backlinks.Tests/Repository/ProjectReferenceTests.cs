using System.Xml.Linq;

namespace Backlinks.Tests.Repository;

/// <summary>
/// The rule of ARCHITECTURE.md: a library references GraphEngine and nothing else of ours, GraphEngine and Bolt nothing of
/// ours; Pipeline joins the libraries that gather links and make a run of them, and the programs Api and Cli join all. Assemblies are Backlinks.&lt;Folder&gt;, the program's is backlinks.
/// </summary>
public class ProjectReferenceTests
{
    private static readonly string[] Alone = ["GraphEngine", "Bolt"];
    private static readonly string[] Programs = ["Api", "Cli"];
    private static readonly string[] Joins = ["Pipeline"];

    [Fact]
    public void Every_project_keeps_to_the_reference_rule()
    {
        string[] projects = Directory.GetFiles(RepositoryFolder.File("src"), "*.csproj", SearchOption.AllDirectories);
        Assert.Contains(projects, p => Path.GetFileName(p) == "GraphEngine.csproj");
        Assert.Empty(projects.SelectMany(p => Violations(Path.GetFileName(Path.GetDirectoryName(p))!, Path.GetFileName(p), File.ReadAllText(p))));
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        string solution = File.ReadAllText(RepositoryFolder.File("Backlinks.sln")).Replace('\\', '/');
        foreach (string project in Directory.GetFiles(RepositoryFolder.Path, "*.csproj", SearchOption.AllDirectories))
            Assert.Contains($"\"{Path.GetRelativePath(RepositoryFolder.Path, project).Replace('\\', '/')}\"", solution, StringComparison.Ordinal);
    }

    [Fact]
    public void Assemblies_are_named_for_their_folders()
    {
        Assert.Equal("Backlinks.GraphEngine", typeof(Backlinks.GraphEngine.LinkGraph).Assembly.GetName().Name);
        string[] referenced = [.. Directory.GetDirectories(RepositoryFolder.File("src")).Select(Path.GetFileName)
            .Select(f => f == "Cli" ? "backlinks.dll" : $"Backlinks.{f}.dll").Where(f => File.Exists(Path.Combine(AppContext.BaseDirectory, f!)))!];
        Assert.Contains("backlinks.dll", referenced);
        Assert.Contains("Backlinks.GraphEngine.dll", referenced);
    }

    [Theory]
    [InlineData("GraphEngine", "GraphEngine.csproj", "<ProjectReference Include=\"../Ingest/Ingest.csproj\" />", "must reference nothing of ours")]
    [InlineData("Bolt", "Bolt.csproj", "<ProjectReference Include=\"..\\GraphEngine\\GraphEngine.csproj\" />", "must reference nothing of ours")]
    [InlineData("Stores", "Stores.csproj", "<ProjectReference Include=\"../Ingest/Ingest.csproj\" />", "may reference GraphEngine only")]
    [InlineData("Stores", "Stores.csproj", "<PackageReference Include=\"Backlinks.Ingest\" />", "may reference GraphEngine only")]
    [InlineData("Stores", "Store.csproj", "", "must be named Stores.csproj")]
    [InlineData("Stores", "Stores.csproj", "<AssemblyName>Store</AssemblyName>", "must be Backlinks.Stores")]
    [InlineData("Pipeline", "Pipeline.csproj", "<ProjectReference Include=\"../Cli/Cli.csproj\" />", "may reference the libraries that a run is made by only")]
    [InlineData("Cli", "Cli.csproj", "", "must be backlinks")]
    public void The_rule_notices_a_violation(string folder, string file, string content, string says) =>
        Assert.Contains(Violations(folder, file, $"<Project><G>{content}</G></Project>"), v => v.Contains(says, StringComparison.Ordinal));

    [Theory]
    [InlineData("Stores", "Stores.csproj", "<ProjectReference Include=\"../GraphEngine/GraphEngine.csproj\" /><PackageReference Include=\"Parquet.Net\" />")]
    [InlineData("Cli", "Cli.csproj", "<AssemblyName>backlinks</AssemblyName><ProjectReference Include=\"../Stores/Stores.csproj\" />")]
    public void The_rule_lets_the_rest_pass(string folder, string file, string content) =>
        Assert.Empty(Violations(folder, file, $"<Project><G>{content}</G></Project>"));

    private static IEnumerable<string> Violations(string folder, string file, string xml)
    {
        XElement project = XElement.Parse(xml);
        IEnumerable<string> Includes(string element) => project.Descendants(element).Select(e => (string?)e.Attribute("Include") ?? "");
        string[] ours =
        [
            .. Includes("ProjectReference").Select(i => Path.GetFileNameWithoutExtension(i.Replace('\\', '/'))),
            .. Includes("PackageReference").Where(i => i.StartsWith("Backlinks.", StringComparison.OrdinalIgnoreCase)).Select(i => i["Backlinks.".Length..]),
        ];
        if (file != $"{folder}.csproj")
            yield return $"{folder}/{file} must be named {folder}.csproj";
        if (Alone.Contains(folder) && ours.Length > 0)
            yield return $"{folder} must reference nothing of ours, not {string.Join(", ", ours)}";
        if (Joins.Contains(folder) && ours.Any(o => Programs.Contains(o) || o is "Evaluation"))
            yield return $"{folder} may reference the libraries that a run is made by only, not {string.Join(", ", ours)}";
        if (!Alone.Contains(folder) && !Programs.Contains(folder) && !Joins.Contains(folder) && ours.Any(o => o != "GraphEngine"))
            yield return $"{folder} may reference GraphEngine only, not {string.Join(", ", ours)}";
        string? assembly = (string?)project.Descendants("AssemblyName").LastOrDefault(); // absent: Backlinks.<project>, by Directory.Build.props
        string wanted = folder == "Cli" ? "backlinks" : $"Backlinks.{folder}";
        if ((assembly ?? $"Backlinks.{Path.GetFileNameWithoutExtension(file)}") != wanted)
            yield return $"the assembly of {folder} must be {wanted}";
    }
}
