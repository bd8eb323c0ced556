namespace Backlinks.SampleWeb;

internal static class HostileLab
{
    public static void Plant(PlantedWeb web, List<SamplePage> entrances) => _ = (web, entrances);
}
