namespace Backlinks.SampleWeb;

/// <summary>STUB.</summary>
public sealed class Web;
