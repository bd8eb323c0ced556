namespace Backlinks.SampleWeb;

internal static class HttpLab
{
    public static void Plant(PlantedWeb web, List<SamplePage> entrances) => _ = (web, entrances);
}
