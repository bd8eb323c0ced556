using System.Globalization;

namespace Backlinks.Api.Dashboard;

/// <summary>Numbers that are summed or compared on a page: what is shown is rounded, the exact value stands in <c>data-value</c> beside it.</summary>
public static class Figures
{
    /// <summary>Six significant digits: enough that a reader who adds up gets the sum.</summary>
    public static string Exact(double value)
    {
        double size = Math.Abs(value);
        return !double.IsFinite(value) ? Show.Nothing : size is > 0 and < 1e-4 ? value.ToString("0.###e0", CultureInfo.InvariantCulture)
            : value.ToString(size >= 100_000 ? "#,##0" : size >= 1000 ? "#,##0.##" : size >= 10 ? "0.####" : "0.######", CultureInfo.InvariantCulture);
    }

    /// <summary>The same with its sign, 0 without.</summary>
    public static string Signed(double value) => value == 0 ? "0" : (value > 0 ? "+" : "−") + Exact(Math.Abs(value));

    /// <summary>A change of a score, in hundredths of a point.</summary>
    public static string Points(double value) => value.ToString("+0.00;−0.00;0.00", CultureInfo.InvariantCulture);

    /// <summary>Two digits of a bound, rounded up: a bound that is shown holds.</summary>
    public static string Bound(double value)
    {
        if (!(value > 0) || !double.IsFinite(value))
            return value == 0 ? "0" : Show.Nothing;
        double unit = Math.Pow(10, Math.Floor(Math.Log10(value)) - 1);
        return (Math.Ceiling(value / unit) * unit).ToString("G2", CultureInfo.InvariantCulture);
    }

    /// <summary>Every digit, for programs that read the page.</summary>
    public static string Value(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>A share of a whole as a length in CSS.</summary>
    public static string Width(double part) => double.IsNaN(part) ? "0%" : Math.Round(100 * Math.Clamp(part, 0, 1), 3).ToString(CultureInfo.InvariantCulture) + "%";

    /// <summary>As <c>1 link</c>, <c>2,345 links</c>.</summary>
    public static string Many(long count, string one, string? many = null) => $"{Show.Count(count)} {(count == 1 ? one : many ?? one + "s")}";

    /// <summary>As <c>4.2 s</c>, <c>3 min 5 s</c>.</summary>
    public static string Lasts(double seconds) => !(seconds >= 0 && seconds < 1e9) ? Show.Nothing : seconds < 60 ? seconds.ToString("0.#", CultureInfo.InvariantCulture) + " s"
        : seconds < 3600 ? string.Create(CultureInfo.InvariantCulture, $"{(int)(seconds / 60)} min {(int)seconds % 60} s") : string.Create(CultureInfo.InvariantCulture, $"{(int)(seconds / 3600)} h {(int)(seconds / 60) % 60} min");

    /// <summary>A NaN, which stands for "insufficient data" in arrays, as null.</summary>
    public static double? Known(double value) => double.IsNaN(value) ? null : value;
}
