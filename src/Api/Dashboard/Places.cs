namespace Backlinks.Api.Dashboard;

/// <summary>A page in the navigation.</summary>
/// <param name="Page">Its address, without the slash.</param>
/// <param name="Icon">A name that <c>Icon.razor</c> knows.</param>
/// <param name="Target">Whether it is about the target looked at, so that links to it keep it.</param>
public sealed record Place(string Page, string Title, string Icon, bool Target = true);

/// <summary>The navigation, in its order.</summary>
public static class Places
{
    public static IReadOnlyList<(string Heading, IReadOnlyList<Place> Pages)> All { get; } =
    [
        ("Site explorer",
        [
            new("overview", "Overview", "overview"),
            new("backlinks", "Backlinks", "link"),
            new("refdomains", "Referring domains", "globe"),
            new("anchors", "Anchors", "text"),
            new("pages", "Best pages", "page"),
            new("new-lost", "New & lost", "change"),
            new("broken", "Broken", "broken"),
            new("outgoing", "Outgoing", "out"),
            new("networks", "Referring networks", "network"),
        ]),
        ("Understand",
        [
            new("explain", "Why this score", "why"),
            new("graph", "Network graph", "graph"),
            new("spam", "Spam clusters", "spam", Target: false),
            new("intersect", "Link intersect", "intersect"),
        ]),
        ("Data",
        [
            new("runs", "Runs", "runs", Target: false),
            new("diff", "Compare runs", "diff"),
            new("jobs", "Crawls & jobs", "jobs", Target: false),
        ]),
    ];
}
