using System.Text;
using Brownian.Imaging;

namespace Brownian.Tests;

public sealed class LetteringTests
{
    [Theory]
    [InlineData("猫 犬 中文")]
    [InlineData("ねこ ネコ 漢字")]
    [InlineData("고양이")]
    [InlineData("हिन्दी बिल्ली")]
    [InlineData("বাংলা ગુજરાતી ਪੰਜਾਬੀ தமிழ் తెలుగు ಕನ್ನಡ മലയാളം සිංහල")]
    [InlineData("ไทย ລາວ မြန်မာ ខ្មែរ")]
    [InlineData("العربية قط")]
    [InlineData("עברית")]
    [InlineData("кошка Ελληνικά ქართული հայերեն")]
    [InlineData("አማርኛ བོད་སྐད ᏣᎳᎩ ᠮᠣᠩᠭᠣᠯ")]
    [InlineData("🐱 🚗 🎲")]
    public void Every_scripts_letters_are_drawn(string text)
    {
        foreach (string word in text.Split(' '))
        {
            Assert.InRange(Lettering.Measure(word, 20), 5, 400);
            // A character without a glyph is a box, as all others of its kind.
            Image drawn = Draw(word), boxes = Draw(new string('\u0378', word.EnumerateRunes().Count()));
            Assert.True(drawn.Pixels.Count(level => level < 128) > 30, $"'{word}' is hardly there");
            Assert.False(drawn.Pixels.AsSpan().SequenceEqual(boxes.Pixels), $"'{word}' is boxes");
        }
    }

    [Fact]
    public void Letters_that_join_take_less_room_than_alone()
    {
        // Hindi's half letters and Arabic's joined forms come from shaping.
        foreach (string word in new[] { "क्ष", "بيت" })
        {
            double alone = word.EnumerateRunes().Where(rune => !Rune.IsControl(rune)).Sum(rune => Lettering.Measure(rune.ToString(), 20));
            Assert.True(Lettering.Measure(word, 20) < alone, word);
        }
    }

    [Fact]
    public void Mixed_text_is_as_wide_as_its_parts_and_is_cut_to_fit()
    {
        double parts = Lettering.Measure("cat ", 20) + Lettering.Measure("猫", 20);
        Assert.Equal(parts, Lettering.Measure("cat 猫", 20), 0.01);
        string cut = Lettering.Fit("猫猫猫猫猫猫猫猫", 20, 70);
        Assert.EndsWith("…", cut);
        Assert.InRange(Lettering.Measure(cut, 20), 40, 70);
        Assert.Equal("", Lettering.Fit("🐱🐱", 20, 5));
    }

    [Fact]
    public void Many_threads_write_at_once()
    {
        byte[] expected = Draw("猫 हिन्दी قط").Pixels;
        Parallel.For(0, 64, _ => Assert.Equal(expected, Draw("猫 हिन्दी قط").Pixels));
    }

    [Fact]
    public void Captions_of_a_sheet_have_the_same_letters()
    {
        Image black = new(28, 28, 1);
        foreach (string caption in new[] { "猫", "กขค", "🐱" })
        {
            Image sheet = ImageSheet.Draw([black], new() { Captions = [caption], Scale = 3 });
            Assert.InRange(sheet.Pixels.Count(level => level < 128) - 84 * 84, 15, 400);
        }
    }

    static Image Draw(string text) =>
        new Drawing(420, 40, canvas => canvas.Write(text, 4, 28, 20, new Rgb(0, 0, 0))).ToImage().ConvertTo(1);
}
