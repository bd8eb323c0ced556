namespace Backlinks.Topics;

/// <summary>What is read of a page to tell its topics.</summary>
public readonly record struct PageContent
{
    public PageContent()
    {
    }

    public string Title { get; init; } = "";

    /// <summary>All headings, with anything but letters between them.</summary>
    public string Headings { get; init; } = "";

    public string Body { get; init; } = "";

    /// <summary>What the page declares, such as <c>en-GB</c>; empty where it declares none.</summary>
    public string Language { get; init; } = "";

    /// <summary>Texts of the links to the page: each at most once for each referring owner or domain, so that one site's
    /// thousand footers say no more than its one.</summary>
    public IReadOnlyList<string> Anchors { get; init; } = [];
}
