using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Backlinks.GraphEngine;

namespace Backlinks.Tests.Repository;

/// <summary>
/// Our arrays are NumPy's: by its specification (NEP 1, numpy/lib/format.py), read here without our own reader, and by
/// NumPy itself where it is installed.
/// </summary>
public partial class NumPyTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Headers_follow_the_specification_for_every_type_and_shape()
    {
        Check<long>("<i8", 8, 0);
        Check<long>("<i8", 8, 5);
        Check<ulong>("<u8", 8, 1);
        Check<int>("<i4", 4, 3);
        Check<uint>("<u4", 4, 1000);
        Check<ushort>("<u2", 2, 7);
        Check<byte>("|u1", 1, 4097);
        Check<float>("<f4", 4, 2, 3);
        Check<double>("<f8", 8, 3, 0, 2);
        Check<double>("<f8", 8);
    }

    [Fact]
    public void Huge_shapes_keep_the_header_a_multiple_of_64()
    {
        foreach (long length in new[] { 9, 99, 12_345_678_901, long.MaxValue })
            Assert.Equal(0, NpyHeader.Format<byte>(length).Length % 64);
    }

    [Fact]
    public void Each_array_of_a_graph_says_what_it_holds()
    {
        using TestGraph test = TestGraphs.Weighted(3, new(0, 1, 2, 3), (1, 2), (1, 0));
        foreach (ArrayEntry entry in test.Graph.Manifest.Arrays.Values)
        {
            (string descr, long[] shape, int start) = ParseBySpecification(File.ReadAllBytes(Path.Combine(test.Folder, entry.File)));
            Assert.Equal((entry.Dtype, string.Join(',', entry.Shape)), (descr, string.Join(',', shape)));
            Assert.Equal(0, start % 64);
        }
    }

    [Fact]
    public void NumPy_maps_the_arrays_and_finds_the_same_links()
    {
        const int n = 500;
        TestLink[] links = TestGraphs.PowerLaw(n, 6, seed: 9);
        using TestGraph test = new(n, links, weighted: true);
        LinkGraph graph = test;
        // All links out, all links in and the sum of weights, by NumPy alone.
        string printed = Python($"""
            import numpy, json
            d = {Quote(test.Folder)}
            a = {"{"}k: numpy.load(d + '/' + e['file'], mmap_mode='r') for k, e in json.load(open(d + '/graph.json'))['arrays'].items(){"}"}
            n = len(a['out_offsets']) - 1
            def pairs(s):
                rows = numpy.repeat(numpy.arange(n, dtype='u8'), numpy.diff(a[s + '_offsets']))
                return rows, numpy.asarray(a[s + '_links'], dtype='u8')
            u, v = pairs('out'); t, s = pairs('in')
            print(n, len(u), sorted(zip(u, v)) == sorted(zip(s, t)), int((u * 1000 + v).sum()),
                  str(a['out_offsets'].dtype), str(a['out_links'].dtype), str(a['out_weights'].dtype), repr(float(a['out_weights'].astype('f8').sum())))
            """);
        ulong sum = 0;
        double weights = 0;
        for (int u = 0; u < n; u++)
            foreach (uint v in graph.OutOf(u))
                sum += (ulong)u * 1000 + v;
        for (long i = 0; i < graph.LinkCount; i++)
            weights += graph.OutWeight(i);
        string[] fields = printed.Split(' ', StringSplitOptions.TrimEntries);
        Assert.Equal([$"{n}", $"{graph.LinkCount}", "True", $"{sum}", "int64", "uint32", "float32"], fields[..7]);
        Assert.Equal(weights, double.Parse(fields[7], System.Globalization.CultureInfo.InvariantCulture), 1e-6 * weights);
    }

    private static void Check<T>(string descr, int bytes, params long[] shape) where T : unmanaged
    {
        using TemporaryFolder folder = new();
        long length = shape.Aggregate(1L, (a, b) => a * b);
        string path = folder.File("a.npy");
        using (NpyWriter<T> writer = new(path, shape))
        {
            writer.Write(new T[length]);
            writer.Finish("zeros");
        }
        byte[] file = File.ReadAllBytes(path);
        (string gotDescr, long[] gotShape, int start) = ParseBySpecification(file);
        Assert.Equal(descr, gotDescr);
        Assert.Equal(shape, gotShape);
        Assert.Equal(start + length * bytes, file.Length);
    }

    // "The first 6 bytes are a magic string: exactly \x93NUMPY. The next 2 are the version. The next 2 (version 1.0) form a
    // little-endian unsigned short: the length of the header data, an ASCII string which contains a Python literal
    // expression of a dictionary, terminated by a newline and padded with spaces to make the total divisible by 64. Keys:
    // descr, fortran_order, shape."
    private static (string Descr, long[] Shape, int Start) ParseBySpecification(byte[] file)
    {
        Assert.Equal([0x93, .. "NUMPY"u8, 1, 0], file[..8]);
        int start = 10 + BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(8));
        Assert.Equal(0, start % 64);
        string header = Encoding.ASCII.GetString(file, 10, start - 10);
        Assert.DoesNotContain('?', header);
        Assert.EndsWith("\n", header, StringComparison.Ordinal);
        Match literal = Literal().Match(header);
        Assert.True(literal.Success, header);
        string[] dims = literal.Groups["shape"].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (dims.Length == 1)
            Assert.EndsWith(",", literal.Groups["shape"].Value, StringComparison.Ordinal); // "(3)" is a number in Python, not a tuple
        return (literal.Groups["descr"].Value, [.. dims.Select(d => long.Parse(d, System.Globalization.CultureInfo.InvariantCulture))], start);
    }

    [GeneratedRegex(@"^\{'descr': '(?<descr>[<|][iuf][1248])', 'fortran_order': False, 'shape': \((?<shape>(\d+, ?)*\d*)\), \} *\n$")]
    private static partial Regex Literal();

    private static string Quote(string path) => $"r'{path}'";

    // Runs a script; skips the test where no python3 has NumPy. Debian's package serves /usr/bin/python3, which need not be
    // the first in the path.
    private static string Python(string script)
    {
        string? python = new[] { "python3", "/usr/bin/python3" }.FirstOrDefault(p => Run(p, "import numpy").Code == 0);
        Assert.SkipWhen(python is null, "needs python3 with NumPy (Debian: python3-numpy)");
        (int code, string output, string error) = Run(python!, script);
        Assert.True(code == 0, error);
        return output.Trim();
    }

    private static (int Code, string Output, string Error) Run(string program, string script)
    {
        ProcessStartInfo start = new(program, ["-c", script]) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> error = process.StandardError.ReadToEndAsync(Cancel);
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output, error.GetAwaiter().GetResult());
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (-1, "", $"{program} is not installed");
        }
    }
}
