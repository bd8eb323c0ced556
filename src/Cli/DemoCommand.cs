using System.CommandLine;
using Backlinks.Ingest;
using Backlinks.Pipeline;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary><c>backlinks demo</c>: imports the sample web that comes with the program, ranks it and shows the result.</summary>
internal static class DemoCommand
{
    private const string Sample = "garden.tsv";

    public static Command Create(Session session)
    {
        var command = new Command("demo", "Import and rank the small sample web that comes with the program.") { session.Json, session.Csv };
        command.SetAction(parsed =>
        {
            DataFolder folder = session.Folder(parsed);
            Layout layout = session.Layout(parsed);
            DirectoryInfo unpacked = Directory.CreateTempSubdirectory("backlinks-demo-");
            try
            {
                string path = Path.Combine(unpacked.FullName, Sample);
                using (Stream sample = typeof(DemoCommand).Assembly.GetManifestResourceStream(Sample)!)
                using (FileStream file = File.Create(path))
                    sample.CopyTo(file);
                ImportReport imported = DataImport.Graph(folder, path, new GraphImportOptions { Granularity = "host" }, cancel: session.Cancel);
                GraphRunResult ranked = GraphRun.Make(folder, imported.Graph!.Id, new GraphRunOptions { With = new HashSet<string> { "harmonic" } }, cancel: session.Cancel);
                if (layout == Layout.Text)
                {
                    ImportCommand.Print(session, layout, imported);
                    RankCommand.Print(session, layout, ranked);
                }
                using Run run = folder.OpenRun(ranked.RunId, session.Cancel);
                TopCommand.Print(session, layout, run, run.Column("pagerank")!, 10);
                return ExitCode.Done;
            }
            finally
            {
                unpacked.Delete(recursive: true);
            }
        });
        return command;
    }
}
