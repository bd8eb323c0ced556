using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(Backlinks.Tests.LongestFirst))]

namespace Backlinks.Tests;

/// <summary>The collections that take minutes begin first, so that none of them runs alone at the end.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Long = ["Browser", "Cli.CrawlTests", "Cli.ReadmeTests", "Api.JobsTests", "Api.KilledJobsTests"];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection => [.. testCollections.OrderBy(c => Array.FindIndex(Long, name => c.TestCollectionDisplayName.Contains(name, StringComparison.Ordinal)) is >= 0 and int place ? place : Long.Length)];
}
