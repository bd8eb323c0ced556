using System.Globalization;
using System.Text;
using System.Xml;

namespace Backlinks.GraphEngine;

/// <summary>A node of a small extract.</summary>
/// <param name="Name">As people write it; from the open web, so anything may be in it.</param>
/// <param name="Raw">Raw authority as the run publishes it, discounts of spam clusters taken.</param>
/// <param name="Score">Authority, 0 to 100; null: insufficient data.</param>
/// <param name="Distance">Links from the node that the extract is about.</param>
/// <param name="SpamScore">Of its spam cluster, 0 to 100; null where it is in none.</param>
public readonly record struct NeighbourNode(int Node, string Name, double Raw, double? Score, int Distance, double? SpamScore = null);

/// <summary>A link of a small extract.</summary>
/// <param name="Passes">Raw authority that it passes.</param>
/// <param name="Share">P(u,v).</param>
public readonly record struct NeighbourLink(int Source, int Target, double Weight, double Share, double Passes);

/// <summary>
/// A node with its greatest sources and theirs, for programs that draw: Graphviz DOT and GraphML, written by hand, as both are small.
/// <code>
/// DOT      digraph { n12 [label="…"]; n12 -> n7 [passes=…] }   node ids are numbers; text is quoted, with \ and " behind a \,
///          so that neither escapes (\N, \n) nor ports nor HTML of a name mean anything
/// GraphML  graphml.graphdrawing.org, keys name, raw, score, distance, spam_score, weight, share, passes; through an XML writer
/// </code>
/// Control characters, and what XML cannot hold, become U+FFFD. Nodes in the order they were found, so equal input gives equal bytes.
/// </summary>
public sealed class Neighbourhood
{
    private readonly List<NeighbourNode> _nodes = [];
    private readonly List<NeighbourLink> _links = [];

    private Neighbourhood()
    {
    }

    /// <summary>Nodes, the one that it is about first.</summary>
    public IReadOnlyList<NeighbourNode> Nodes => _nodes;

    public IReadOnlyList<NeighbourLink> Links => _links;

    /// <summary>Any few nodes and links, such as those of a group.</summary>
    public static Neighbourhood Of(IEnumerable<NeighbourNode> nodes, IEnumerable<NeighbourLink> links)
    {
        var result = new Neighbourhood();
        result._nodes.AddRange(nodes);
        result._links.AddRange(links);
        return result;
    }

    /// <summary>The links that an explanation tells, on all its levels.</summary>
    /// <param name="names">Of the graph explained.</param>
    /// <param name="score">The score of a node with its raw value, null for none; null where there are no scores.</param>
    public static Neighbourhood Of(Explanation told, NodeNames names, Func<int, double, double?>? score = null)
    {
        ArgumentNullException.ThrowIfNull(told);
        ArgumentNullException.ThrowIfNull(names);
        var result = new Neighbourhood();
        var known = new HashSet<int>();
        var links = new HashSet<(int, int)>();
        var level = new List<Explanation> { told };
        Add(told.Node, told.Raw, 0);
        for (int distance = 1; level.Count > 0; distance++)
        {
            foreach (Explanation at in level)
                foreach (LinkContribution link in at.Links)
                {
                    Add(link.Source, link.SourceRaw, distance);
                    if (links.Add((link.Source, at.Node)))
                        result._links.Add(new NeighbourLink(link.Source, at.Node, link.Weight, link.Share, link.Passes));
                }
            level = [.. level.SelectMany(at => at.Links).Select(link => link.Origin).OfType<Explanation>()];
        }
        return result;

        void Add(int node, double raw, int distance)
        {
            if (known.Add(node))
                result._nodes.Add(new NeighbourNode(node, names[node], raw, score?.Invoke(node, raw), distance));
        }
    }

    /// <summary>Writes Graphviz DOT, UTF-8. Lines are as thick as what they pass.</summary>
    public void WriteDot(Stream stream)
    {
        using var text = new StreamWriter(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        double most = _links.Count > 0 ? _links.Max(l => l.Passes) : 0;
        text.Write("digraph backlinks {\n  rankdir=LR;\n  node [shape=box];\n");
        foreach (NeighbourNode node in _nodes)
            text.Write($"  n{node.Node} [label={Quoted(node.Name)}, raw={Number(node.Raw)}{(node.Score is { } score ? $", score={Number(score)}" : "")}, distance={node.Distance}{(node.SpamScore is { } spam ? $", spam_score={Number(spam)}" : "")}{(node.Distance == 0 ? ", style=bold" : "")}];\n");
        foreach (NeighbourLink link in _links)
            text.Write($"  n{link.Source} -> n{link.Target} [passes={Number(link.Passes)}, share={Number(link.Share)}, weight={Number(link.Weight)}, penwidth={(most > 0 ? 0.5 + 4.5 * link.Passes / most : 1).ToString("0.##", CultureInfo.InvariantCulture)}];\n");
        text.Write("}\n");
    }

    /// <summary>Writes GraphML, UTF-8.</summary>
    public void WriteGraphMl(Stream stream)
    {
        using XmlWriter xml = XmlWriter.Create(stream, new XmlWriterSettings { Indent = true, NewLineChars = "\n", Encoding = new UTF8Encoding(false), CloseOutput = false });
        const string space = "http://graphml.graphdrawing.org/xmlns";
        xml.WriteStartDocument();
        xml.WriteStartElement("graphml", space);
        foreach ((string name, string of, string type) in new[] { ("name", "node", "string"), ("raw", "node", "double"), ("score", "node", "double"), ("distance", "node", "int"), ("spam_score", "node", "double"), ("weight", "edge", "double"), ("share", "edge", "double"), ("passes", "edge", "double") })
        {
            xml.WriteStartElement("key", space);
            xml.WriteAttributeString("id", name);
            xml.WriteAttributeString("for", of);
            xml.WriteAttributeString("attr.name", name);
            xml.WriteAttributeString("attr.type", type);
            xml.WriteEndElement();
        }
        xml.WriteStartElement("graph", space);
        xml.WriteAttributeString("edgedefault", "directed");
        foreach (NeighbourNode node in _nodes)
        {
            xml.WriteStartElement("node", space);
            xml.WriteAttributeString("id", $"n{node.Node}");
            Data("name", Clean(node.Name));
            Data("raw", Number(node.Raw));
            if (node.Score is { } score)
                Data("score", Number(score));
            Data("distance", node.Distance.ToString(CultureInfo.InvariantCulture));
            if (node.SpamScore is { } spam)
                Data("spam_score", Number(spam));
            xml.WriteEndElement();
        }
        foreach (NeighbourLink link in _links)
        {
            xml.WriteStartElement("edge", space);
            xml.WriteAttributeString("source", $"n{link.Source}");
            xml.WriteAttributeString("target", $"n{link.Target}");
            Data("weight", Number(link.Weight));
            Data("share", Number(link.Share));
            Data("passes", Number(link.Passes));
            xml.WriteEndElement();
        }
        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteEndDocument();

        void Data(string key, string value)
        {
            xml.WriteStartElement("data", space);
            xml.WriteAttributeString("key", key);
            xml.WriteString(value);
            xml.WriteEndElement();
        }
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string Quoted(string text) => $"\"{Clean(text).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes()) // a lone surrogate comes as U+FFFD
            clean.Append(Rune.IsControl(rune) || (rune.Value & 0xFFFE) == 0xFFFE ? "\uFFFD" : rune.ToString());
        return clean.ToString();
    }
}
