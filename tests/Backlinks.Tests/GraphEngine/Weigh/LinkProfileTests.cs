using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Tests.GraphEngine.Weigh;

public sealed class LinkProfileTests
{
    private static LinkProfile Parse(string json) => LinkProfileFile.Parse(Encoding.UTF8.GetBytes(json), "folder/mine.json");

    [Fact]
    public void An_empty_object_is_the_default_by_another_name() => Assert.Equal(LinkProfile.Default with { Name = "mine" }, Parse("{}"));

    [Fact]
    public void Every_named_profile_is_written_and_read_back_whole()
    {
        foreach (LinkProfile profile in LinkProfile.Named)
        {
            Assert.Equal(profile, Parse(LinkProfileFile.ToJson(profile).ToJsonString()));
            Assert.Same(profile, LinkProfileFile.Find(profile.Name));
        }
        LinkProfile odd = LinkProfile.Hint with { Name = "odd", Off = LinkFactorSet.Zone | LinkFactorSet.Owner, SitewideInternal = true, SitewidePages = 9, PositionDecay = 1.25, WithinOwner = 0 };
        Assert.Equal(odd, Parse(LinkProfileFile.ToJson(odd).ToJsonString()));
    }

    [Fact]
    public void What_a_file_leaves_out_is_as_in_its_base()
    {
        LinkProfile profile = Parse("""{ "name": "ours", "base": "hint", "zone": { "footer": 0 }, "position": { "decay": 1.5, "variant": "popularity" }, "off": ["relevance", "sitewide"] }""");
        Assert.Equal(LinkProfile.Hint with { Name = "ours", Footer = 0, PositionDecay = 1.5, Variant = PositionVariant.Popularity, Off = LinkFactorSet.Relevance | LinkFactorSet.Sitewide }, profile);
    }

    [Theory]
    [InlineData("""{ "zone": { "footer": -1 } }""", "zone.footer is -1, but must be 0 to 1")]
    [InlineData("""{ "zone": { "fotter": 1 } }""", "there is no 'zone.fotter': zone has main, main_list, aside, nav, header, footer, comments, hidden, unknown")]
    [InlineData("""{ "colour": {} }""", "there is no factor 'colour': there are rel, zone, position, form, relevance, sitewide, owner, and base, name, off")]
    [InlineData("""{ "base": "strict" }""", "base is \"strict\", but must be one of default, hint, uniform, popularity")]
    [InlineData("""{ "rel": 1 }""", "rel is 1, but must be an object of its values")]
    [InlineData("""{ "rel": { "follow": "1" } }""", "rel.follow is \"1\", but must be 0 to 1")]
    [InlineData("""{ "rel": { "follow": 1, "follow": 0 } }""", "'rel.follow' stands twice")]
    [InlineData("""{ "sitewide": { "pages": 2.5 } }""", "sitewide.pages is 2.5, but must be a whole number 2 to 1000000")]
    [InlineData("""{ "sitewide": { "internal": 1 } }""", "sitewide.internal is 1, but must be true or false")]
    [InlineData("""{ "position": { "variant": "linear" } }""", "position.variant is \"linear\", but must be exponential or popularity")]
    [InlineData("""{ "off": ["colour"] }""", "off is \"colour\", but must be a list of rel, zone, position, form, relevance, sitewide, owner")]
    [InlineData("""{ "name": "" }""", "name is \"\", but must be a text")]
    [InlineData("[]", "a profile is [], but must be a JSON object")]
    [InlineData("{ \"rel\": ", "line 1: is not JSON")]
    public void What_is_wrong_is_told_with_file_member_value_and_what_is_allowed(string json, string problem)
    {
        GraphException e = Assert.Throws<GraphException>(() => Parse(json));
        Assert.StartsWith("folder/mine.json: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(problem, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void A_profile_that_is_nowhere_is_told_with_the_names_there_are() =>
        Assert.Contains("'defualt' is none of default, hint, uniform, popularity and no file", Assert.Throws<ArgumentException>(() => LinkProfileFile.Find("defualt")).Message, StringComparison.Ordinal);

    [Fact]
    public void Each_factor_switched_off_is_one_and_leaves_the_others()
    {
        // A list in the footer of a blog: ugc, generic, unlike its target.
        LinkWeight Of(LinkProfile p) => LinkWeight.Of(p, LinkKind.Anchor, LinkRel.Ugc, Zone.MainList, .25f, AnchorForm.Generic, similarity: .2f);
        Assert.Equal(new LinkWeight(.05f, .8f, (float)Math.Exp(-.5), .7f, .6f, 1), Of(LinkProfile.Default));
        Assert.Equal(.05 * .8 * Math.Exp(-.5) * .7 * .6, Of(LinkProfile.Default).Weight, 1e-7);
        Assert.Equal(.8 * Math.Exp(-.5) * .7 * .6, Of(LinkProfile.Default).Full, 1e-7);
        foreach ((LinkFactorSet factor, double value) in new[] { (LinkFactorSet.Rel, .05), (LinkFactorSet.Zone, .8), (LinkFactorSet.Position, Math.Exp(-.5)), (LinkFactorSet.Form, .7), (LinkFactorSet.Relevance, .6) })
            Assert.Equal(Of(LinkProfile.Default).Weight / value, Of(LinkProfile.Default.Without(factor)).Weight, 1e-6);
        Assert.Equal(Of(LinkProfile.Default), Of(LinkProfile.Default.Without(LinkFactorSet.Sitewide)));
        Assert.Equal(.05f, Of(LinkProfile.Uniform).Weight);
        Assert.Equal(1, LinkWeight.Of(LinkProfile.Uniform, LinkKind.Reported, 0, Zone.Footer, float.NaN, AnchorForm.Empty).Weight);
    }

    [Theory]
    [InlineData(LinkRel.None, 1, 1)]
    [InlineData(LinkRel.Nofollow, 0, .1)]
    [InlineData(LinkRel.Ugc, .05, .1)]
    [InlineData(LinkRel.Sponsored, 0, 0)]
    [InlineData(LinkRel.Ugc | LinkRel.Nofollow, 0, .1)]
    [InlineData(LinkRel.PageNofollow, 0, 0)]
    [InlineData(LinkRel.Noopener | LinkRel.External, 1, 1)]
    public void Of_several_marks_the_smallest_counts(LinkRel rel, double obeyed, double hinted) =>
        Assert.Equal((obeyed, hinted), (LinkProfile.Default.OfRel(rel), LinkProfile.Hint.OfRel(rel)));

    [Fact]
    public void The_place_in_the_text_counts_only_there()
    {
        LinkProfile p = LinkProfile.Default;
        Assert.Equal([1, Math.Exp(-1), .25, .25], new[] { 0f, .5f, .8f, 1 }.Select(x => p.OfPosition(Zone.Main, x)));
        Assert.Equal(Math.Exp(-1), p.OfPosition(Zone.Unknown, float.NaN), 1e-12);
        Assert.Equal([1, 1], new[] { Zone.Nav, Zone.Footer }.Select(z => p.OfPosition(z, .9f)));
    }

    [Fact]
    public void Redirects_and_canonicals_carry_everything() =>
        Assert.All([LinkKind.Redirect, LinkKind.Canonical], kind => Assert.Equal(1, LinkWeight.Of(LinkProfile.Default, kind, LinkRel.PageNofollow, Zone.Footer, .9f, AnchorForm.Empty, 0).Weight));
}
