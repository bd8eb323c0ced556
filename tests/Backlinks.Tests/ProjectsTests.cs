using System.Xml.Linq;
using Backlinks.Tests.Cli;

namespace Backlinks.Tests;

public sealed class ProjectsTests
{
    [Fact]
    public void A_library_references_GraphEngine_and_nothing_else_of_ours()
    {
        string[] programs = ["Cli", "Api"];
        string[] projects = Directory.GetFiles(Path.Combine(Inputs.Repository, "src"), "*.csproj", SearchOption.AllDirectories);
        Assert.True(projects.Length >= 4);
        foreach (string project in projects.Where(p => !programs.Contains(Path.GetFileNameWithoutExtension(p))))
        {
            string[] ours = [.. XDocument.Load(project).Descendants("ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')))];
            Assert.Equal(Path.GetFileNameWithoutExtension(project) == "GraphEngine" ? [] : ["GraphEngine"], ours);
        }
    }
}
