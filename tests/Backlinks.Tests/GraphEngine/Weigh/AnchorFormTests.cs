using Backlinks.GraphEngine;

namespace Backlinks.Tests.GraphEngine.Weigh;

public sealed class AnchorFormTests
{
    [Theory]
    [InlineData("", AnchorForm.Empty)]
    [InlineData(" ", AnchorForm.Empty)]
    [InlineData("»", AnchorForm.Generic)]
    [InlineData("3", AnchorForm.Generic)]
    [InlineData("[12]", AnchorForm.Generic)]
    [InlineData("click here", AnchorForm.Generic)]
    [InlineData("Click HERE!", AnchorForm.Generic)]
    [InlineData("Read more…", AnchorForm.Generic)]
    [InlineData("→ Weiterlesen", AnchorForm.Generic)]
    [InlineData("En savoir plus", AnchorForm.Generic)]
    [InlineData("Plus d’infos", AnchorForm.Generic)]
    [InlineData("Leer más", AnchorForm.Generic)]
    [InlineData("Czytaj więcej", AnchorForm.Generic)]
    [InlineData("Читать далее", AnchorForm.Generic)]
    [InlineData("ادامه مطلب", AnchorForm.Generic)]
    [InlineData("続きを読む", AnchorForm.Generic)]
    [InlineData("点击这里", AnchorForm.Generic)]
    [InlineData("더 보기", AnchorForm.Generic)]
    [InlineData("read more about beekeeping", AnchorForm.Descriptive)]
    [InlineData("here comes the sun", AnchorForm.Descriptive)]
    [InlineData("Bees", AnchorForm.Descriptive)]
    [InlineData("養蜂", AnchorForm.Descriptive)]
    [InlineData("🐝", AnchorForm.Descriptive)]
    [InlineData("ASP.NET", AnchorForm.Descriptive)]
    [InlineData("Node.js", AnchorForm.Descriptive)]
    [InlineData("main.rs", AnchorForm.Descriptive)]
    [InlineData("e.g.", AnchorForm.Descriptive)]
    [InlineData("version 2.0", AnchorForm.Descriptive)]
    [InlineData("https://example.com/a?b=c", AnchorForm.NakedUrl)]
    [InlineData("HTTP://EXAMPLE.COM", AnchorForm.NakedUrl)]
    [InlineData("www.example.com", AnchorForm.NakedUrl)]
    [InlineData("(Example.com)", AnchorForm.NakedUrl)]
    [InlineData("shop.example.co.uk/bees", AnchorForm.NakedUrl)]
    [InlineData("see www.example.com", AnchorForm.Descriptive)]
    public void The_text_tells_the_form(string text, AnchorForm form) => Assert.Equal(form, AnchorForms.OfText(text));

    [Fact]
    public void Kind_and_marks_come_before_the_text()
    {
        Assert.Equal(AnchorForm.ImageWithAlt, AnchorForms.Of("read more", LinkKind.Anchor, LinkRel.AnchorIsAlt));
        Assert.Equal(AnchorForm.Empty, AnchorForms.Of("", LinkKind.Anchor, LinkRel.AnchorIsAlt));
        Assert.Equal(AnchorForm.Empty, AnchorForms.Of("", LinkKind.Area, 0));
        Assert.Equal(AnchorForm.Unknown, AnchorForms.Of("", LinkKind.Reported, 0));
        Assert.Equal(AnchorForm.Generic, AnchorForms.Of("here", LinkKind.Reported, 0));
        Assert.Equal(AnchorForm.Unknown, AnchorForms.Of("", LinkKind.Redirect, 0));
    }

    [Fact]
    public void A_text_of_any_length_has_a_form()
    {
        Assert.Equal(AnchorForm.Descriptive, AnchorForms.OfText(new string('a', 5000)));
        Assert.Equal(AnchorForm.Generic, AnchorForms.OfText(new string('.', 5000)));
        Assert.Equal(AnchorForm.NakedUrl, AnchorForms.OfText("https://a.test/" + new string('a', 5000)));
    }
}
