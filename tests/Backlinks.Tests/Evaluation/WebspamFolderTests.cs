using System.IO.Compression;
using System.Text;
using Backlinks.Evaluation;

namespace Backlinks.Tests.Evaluation;

/// <summary>The layouts of the web spam collections, in tiny files made here, and everything that can be wrong with them.</summary>
public sealed class WebspamFolderTests : IDisposable
{
    private const string Arff = """
        % a comment

        @RELATION 'link based features'
        @ATTRIBUTE hostid NUMERIC
        @attribute 'in degree' REAL
        @ATTRIBUTE "out,degree" numeric
        @ATTRIBUTE class {spam, nonspam}
        @ATTRIBUTE assessmentscore NUMERIC
        @DATA
        % host, in, out
        0,1.5,2E-9,spam,1.0
        1, ? ,7,nonspam,0.25
        2,Infinity,3,'nonspam',0
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_arff_file_has_comments_quotes_missing_values_and_classes()
    {
        FeatureFile file = FeatureFile.Read(Write("a.arff", Arff));
        Assert.Equal(["hostid", "in degree", "out,degree", "class", "assessmentscore"], file.Names);
        Assert.Equal(3, file.Rows);
        Assert.Equal(2e-9, file.Number(0, 2));
        Assert.True(double.IsNaN(file.Number(1, 1)));
        Assert.Equal(double.PositiveInfinity, file.Number(2, 1));
        Assert.Equal("nonspam", file.Text(2, 3));
        Assert.Equal(1, file.Id(1, 0));
    }

    [Fact]
    public void A_csv_file_names_its_columns_first_with_or_without_a_hash()
    {
        foreach (string mark in new[] { "#", "" })
        {
            FeatureFile file = FeatureFile.Read(Write("a.csv", $"{mark}hostname,hostid,number_of_pages\na.example,5,12\nb.example,6,\n"));
            Assert.Equal(["hostname", "hostid", "number_of_pages"], file.Names);
            Assert.Equal(12, file.Number(0, 2));
            Assert.True(double.IsNaN(file.Number(1, 2)));
        }
    }

    [Fact]
    public void Uk2007_is_read_with_hosts_labels_and_features_joined_by_number()
    {
        Write("WEBSPAM-UK2007-hostnames.txt.gz", "0 www.a.example\n1 b.example:8080\n2 c.example\n3 d.example\n");
        Write("WEBSPAM-UK2007-SET1-labels.txt", "0 spam 1.00000 j1:S,j4:S\n1 nonspam 0.33333 j1:N,j2:S,j3:N\n2 undecided - j1:U,j2:U\n3 nonspam 0.00000 j7:N\n");
        Write("uk-2007-05.link_based_features.arff", Arff);
        Write("uk-2007-05.link_based_features_transformed.csv", "not to be read");
        Write("uk-2007-05.obvious_features.csv", "#hostid,number_of_pages,length_of_hostname\n0,10,15\n1,3,9\n3,1,9\n");
        WebspamFolder folder = WebspamFolder.Read(_folder.Path);
        Assert.Equal(["link", "obvious"], folder.Kinds);
        Assert.Equal(["j1:N", "j2:S", "j3:N"], folder.Labels[1].Assessments);
        Assert.True(double.IsNaN(folder.Labels[2].Spamicity));
        SpamExamples examples = folder.Examples(["link"], host => host.Split(':')[0]); // 2 is undecided, 3 has no link features
        Assert.Equal(["www.a.example", "b.example:8080"], examples.Hosts);
        Assert.Equal([true, false], examples.IsSpam);
        Assert.Equal([1, .33333], examples.Spamicity);
        Assert.Equal(["in degree", "out,degree"], examples.Features.Names); // neither class nor assessment is a feature
        Assert.Equal([10.0, 3], folder.Examples(["link", "obvious"], h => h).Features["number_of_pages"]);
        Assert.Contains("content", Assert.Throws<ArgumentException>(() => folder.Examples(["content"], h => h)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Uk2006_names_hosts_and_gives_judges_in_columns_of_their_own()
    {
        Write("webspam-uk2006-labels.txt", "a.example\tnormal\t0.0\tj1:N\tj2:N\nb.example\tspam\t0.75\tj1:S\tj2:B\nc.example\tborderline\t0.5\tj3:B\nd.example normal\n");
        Write("uk-2006-05.content_based_features.csv", "hostid,hostname,f1\n10,a.example,1\n11,b.example,2\n12,c.example,3\n");
        Write("uk-2006-05.hostnames.txt", "10 a.example\n11 b.example\n12 c.example\n");
        WebspamFolder folder = WebspamFolder.Read(_folder.Path);
        SpamExamples examples = folder.Examples(["content"], h => h);
        Assert.Equal(["a.example", "b.example"], examples.Hosts);
        Assert.Equal([0, .75], examples.Spamicity);
        Assert.Equal(["j1:S", "j2:B"], folder.Labels[11].Assessments);
        Assert.Equal(4, folder.Labels.Count);
    }

    [Fact]
    public void Train_and_test_files_add_up_and_classes_stand_in_for_labels()
    {
        Write("uk-2007-05.content_features.train.arff", "@relation r\n@attribute hostid numeric\n@attribute f numeric\n@attribute class {spam,nonspam}\n@data\n1,5,spam\n");
        Write("uk-2007-05.content_features.test.arff", "@relation r\n@attribute f numeric\n@attribute hostid numeric\n@attribute class {spam,nonspam}\n@data\n6,2,nonspam\n7,3,?\n");
        WebspamFolder folder = WebspamFolder.Read(_folder.Path);
        SpamExamples examples = folder.Examples(["content"], h => h);
        Assert.Equal([5.0, 6], examples.Features["f"]);
        Assert.Equal([1.0, 0], examples.Spamicity); // without assessments the label is the target
        Assert.Equal(2, examples.Count);
    }

    [Theory]
    [InlineData("", 0, "empty")]
    [InlineData("@relation r\n@attribute a numeric\n", 0, "no @data")]
    [InlineData("@relation r\n@data\n", 2, "before any @attribute")]
    [InlineData("@relation r\n@attribute a\n@data\n", 2, "lacks a type")]
    [InlineData("@relation r\n@attribute 'a numeric\n@data\n", 2, "closing quote")]
    [InlineData("@relation r\n@attribute a complex\n@data\n", 2, "type 'complex'")]
    [InlineData("@relation r\n@attribut a numeric\n@data\n", 2, "'@attribut' is none of")]
    [InlineData("@relation r\n@attribute a numeric\n1\n", 3, "stands before @data")]
    [InlineData("@relation r\n@attribute a numeric\n@attribute b numeric\n@data\n1,2\n1\n", 6, "has 1 values, but 2 columns")]
    [InlineData("@relation r\n@attribute a numeric\n@data\n{0 5}\n", 4, "sparse")]
    [InlineData("@relation r\n@attribute a numeric\n@attribute A numeric\n@data\n", 0, "2 times")]
    [InlineData("@relation r\n@attribute a numeric\n@data\n'1\n", 4, "not closed")]
    [InlineData("1,2,3\n", 1, "does not name columns")]
    public void A_damaged_table_is_refused_with_its_line(string text, int line, string says)
    {
        EvaluationException e = Assert.Throws<EvaluationException>(() => FeatureFile.Read(Write("x.arff", text)));
        Assert.Equal(line, e.Line);
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0 spam 1.0 j1:S\n1 spammy 0 j1:N\n", 2, "'spammy' is none of")]
    [InlineData("0 spam 1.5 j1:S\n", 1, "neither 0 to 1")]
    [InlineData("0 spam 1.0 j1:X\n", 1, "no assessment")]
    [InlineData("0\n", 1, "is not 'host label")]
    [InlineData("0 spam 1.0 j1:S\n0 nonspam 0.0 j1:N\n", 2, "is Normal here and Spam before")]
    [InlineData("zero spam 1.0 j1:S\n", 1, "neither a host's number nor its name")]
    public void A_damaged_line_of_labels_is_refused(string text, int line, string says)
    {
        Write("uk.link_features.csv", "hostid,f\n0,1\n");
        Write("labels.txt", text);
        EvaluationException e = Assert.Throws<EvaluationException>(() => WebspamFolder.Read(_folder.Path));
        Assert.Equal(line, e.Line);
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hostid,f\n0,1\n0,2\n", "has had a row before")]
    [InlineData("hostid,f\n0,x\n", "'x' in column 2, f, is not a number")]
    [InlineData("hostid,f\n-1,2\n", "no host number")]
    [InlineData("name,f\na.example,2\n", "neither a column hostid nor hostname")]
    public void A_damaged_row_of_features_is_refused(string text, string says)
    {
        Write("uk.link_features.csv", text);
        Write("labels.txt", "0 spam 1.0 j1:S\n");
        Assert.Contains(says, Assert.Throws<EvaluationException>(() => WebspamFolder.Read(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_lacks_what_is_needed_says_what()
    {
        Assert.Contains("is no folder", Assert.Throws<EvaluationException>(() => WebspamFolder.Read(_folder.File("none"))).Message, StringComparison.Ordinal);
        Assert.Contains("holds no features", Assert.Throws<EvaluationException>(() => WebspamFolder.Read(_folder.Path)).Message, StringComparison.Ordinal);
        Write("uk.link_features.csv", "hostid,f\n0,1\n");
        Assert.Contains("holds no labels", Assert.Throws<EvaluationException>(() => WebspamFolder.Read(_folder.Path)).Message, StringComparison.Ordinal);
        Write("uk.hostnames.txt.gz", "0 a.example\n", damaged: true);
        EvaluationException e = Assert.Throws<EvaluationException>(() => WebspamFolder.Read(_folder.Path));
        Assert.Contains("gzip", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_given_part_of_uk2007_has_the_counts_that_are_known()
    {
        WebspamFolder folder = WebspamFolder.Read(SharedData.Require("webspam-uk2007"));
        Assert.Equal(69_058, folder.Hosts.Count);
        Assert.Equal((2229, 135, 168), (Count(SpamLabel.Normal), Count(SpamLabel.Spam), Count(SpamLabel.Undecided)));
        SpamExamples link = folder.Examples(["link"], h => h), content = folder.Examples(["content"], h => h);
        Assert.Equal((2364, 135, 41), (link.Count, link.IsSpam.Count(s => s), link.Features.Names.Count));
        Assert.Equal((2105, 126, 96), (content.Count, content.IsSpam.Count(s => s), content.Features.Names.Count));
        Assert.Equal(115, LinkTransforms.Of(link.Features).Names.Count);
        int Count(SpamLabel label) => folder.Labels.Values.Count(a => a.Label == label);
    }

    private string Write(string name, string text, bool damaged = false)
    {
        string path = _folder.File(name);
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        if (name.EndsWith(".gz", StringComparison.Ordinal))
        {
            using MemoryStream packed = new();
            using (GZipStream gzip = new(packed, CompressionMode.Compress, leaveOpen: true))
                gzip.Write(bytes);
            bytes = packed.ToArray();
            if (damaged)
                bytes[10] ^= 0xFF;
        }
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
