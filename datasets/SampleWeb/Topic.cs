namespace Backlinks.SampleWeb;

/// <summary>What a site writes about: words of our own choosing. Nouns take a plural s, verbs a third-person s.</summary>
internal sealed record Topic(string Name, string[] Nouns, string[] Verbs, string[] Adjectives)
{
    public static readonly Topic[] All =
    [
        Of("garden", "seed bed trellis compost hedge tulip rake greenhouse root bulb orchard pruner lawn pond herb terrace shrub petal",
            "grow water shade feed cover prune root plant", "shady fertile hardy late sandy evergreen wild damp"),
        Of("bread", "loaf oven crust starter flour crumb tin scale dough kneader bagel grain rye proofer mill bakery tray slice",
            "bake raise fold shape cool slice score rest", "sour crisp warm slow dark seeded airy rustic"),
        Of("sailing", "mast keel anchor harbour rudder tide halyard buoy chart jib skipper regatta hull deck winch mooring sail compass",
            "steer tack drift haul anchor reef trim cross", "windy salty calm steady coastal narrow swift tidal"),
        Of("chess", "pawn rook bishop opening endgame gambit clock board tournament blunder castle diagonal knight exchange tempo rank title file",
            "defend trade block fork promote threaten open resign", "sharp quiet passed weak positional forced doubled drawn"),
        Of("bicycles", "frame saddle gear tyre pedal fork brake chain hub spoke tube pannier trail helmet crank bell rim workshop",
            "climb brake shift roll clean tighten coast mount", "light steel folding muddy steep touring tubeless fast"),
        Of("astronomy", "telescope comet planet nebula eyepiece orbit crater eclipse star mirror meteor observatory spectrum moon galaxy filter dome lens",
            "orbit rise observe fade reflect align measure set", "faint distant bright lunar variable dark southern double"),
        Of("pottery", "kiln glaze clay wheel bowl vase handle slip shard firing bisque mug rim studio tool plate stamp oxide",
            "throw glaze fire trim dry crack shape mark", "matte porous thin ashen round handmade blue rough"),
        Of("trains", "station platform signal locomotive carriage rail timetable tunnel bridge whistle junction siding depot guard sleeper route buffer ticket",
            "depart couple haul stop climb connect wait cross", "narrow punctual rural steam electric overnight crowded disused"),
        Of("software", "compiler parser thread server patch test branch kernel buffer cursor module packet cache queue script database release token",
            "compile parse cache test merge deploy profile sort", "stable lazy atomic verbose portable static small concurrent"),
        Of("health", "doctor clinic diet walk muscle sleep vitamin pulse joint therapist ward nurse appointment habit symptom exercise vaccine rest",
            "heal rest stretch treat breathe walk listen recover", "mild chronic careful daily restful sore regular balanced"),
        Of("money", "budget loan bank bond invoice tax saver interest pension fund ledger wallet mortgage coin account broker dividend receipt",
            "save lend spend invest earn borrow audit owe", "fixed annual risky prudent overdue liquid modest taxable"),
        Of("music", "guitar chord drum violin rhythm concert album string tempo singer melody amplifier stage tuner cello orchestra record note",
            "play tune strum sing record rehearse echo compose", "loud minor acoustic slow jazzy bright muted live"),
    ];

    private static Topic Of(string name, string nouns, string verbs, string adjectives) =>
        new(name, nouns.Split(' '), verbs.Split(' '), adjectives.Split(' '));
}

/// <summary>A few sentences in a language, for pages that are not English.</summary>
internal sealed record Snippet(string Language, string Title, string[] Sentences)
{
    public static readonly Snippet[] All =
    [
        new("de", "Neues aus der Werkstatt", ["Die Bücher stehen seit gestern im großen Regal.", "Über den Hügeln liegt früher Nebel.", "Wer Fragen hat, schreibt uns eine Karte."]),
        new("fr", "Nouvelles de l’atelier", ["Le café du coin ouvre à sept heures.", "Les élèves ont planté un chêne près du château.", "À bientôt dans la forêt !"]),
        new("es", "Noticias del taller", ["El niño mira la montaña desde el balcón.", "Mañana llegará el otoño con sus canciones.", "¿Quién cuida el jardín?"]),
        new("pl", "Wieści z warsztatu", ["Żółta łódka płynie powoli przez jezioro.", "Książka leży na półce obok okna.", "Jutro będzie cieplej."]),
        new("ru", "Новости мастерской", ["Поезд прибыл на станцию рано утром.", "В саду цветут старые яблони.", "Напишите нам письмо."]),
        new("ja", "工房のお知らせ", ["今日は庭で花を植えました。", "駅の前に小さなパン屋があります。", "また来週お会いしましょう。"]),
        new("el", "Νέα από το εργαστήριο", ["Το καράβι φεύγει το πρωί από το λιμάνι.", "Η βροχή σταμάτησε νωρίς.", "Γράψτε μας."]),
        new("ar", "أخبار الورشة", ["وصل القطار إلى المحطة صباحا.", "في الحديقة أشجار قديمة.", "اكتبوا لنا."]),
    ];
}
