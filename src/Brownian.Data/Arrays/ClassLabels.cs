using System.Globalization;
using Brownian.IO;

namespace Brownian.Data;

/// <summary>
/// The classes of images that come with numbers or words for them. A class is what some image is of: numbers that no image has are no
/// classes, so that none is ever drawn, and those left out between others are said.
/// </summary>
sealed class ClassLabels
{
    const int MostClasses = 10_000, Listed = 10;

    readonly int[] _labels;

    ClassLabels(int[] labels, IReadOnlyList<string> classes, IReadOnlyList<string> notes) => (_labels, Classes, Notes) = (labels, classes, notes);

    /// <summary>Of images that have none.</summary>
    public static ClassLabels None { get; } = new([], [], []);

    /// <summary>The names of the classes, in the order of their numbers.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Lines for people: which numbers no image has, why labels were left out.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>The class of an image, or −1.</summary>
    public int Of(int index) => _labels.Length == 0 ? -1 : _labels[index];

    /// <summary>Classes without names: "0", "1" and so on.</summary>
    public static string[] Numbered(int count) => [.. Enumerable.Range(0, count).Select(i => i.ToString(CultureInfo.InvariantCulture))];

    /// <summary>Classes that are known before there are images.</summary>
    /// <param name="labels">One for each image: an index into the names.</param>
    /// <param name="names">Of all classes.</param>
    public static ClassLabels Named(IEnumerable<int> labels, IReadOnlyList<string> names) => new([.. labels], names, []);

    /// <summary>Images without classes, and why.</summary>
    public static ClassLabels LeftOut(string why) => new([], [], [why]);

    /// <summary>Classes by number.</summary>
    /// <param name="numbers">One for each image; below 0 for none.</param>
    /// <param name="nameOf">What a number is called; null where nothing says so.</param>
    /// <param name="known">How many numbers there are, where that is known: 0 to this − 1.</param>
    public static ClassLabels Of(IReadOnlyCollection<long> numbers, Func<long, string?>? nameOf = null, int? known = null)
    {
        long[] used = [.. numbers.Where(number => number >= 0).Distinct().Order()];
        if (used.Length > MostClasses) return LeftOut($"labels: {used.Length} different ones are more than the {MostClasses} classes there may be; they are left out");
        if (used.Length == 0) return None;
        Dictionary<long, int> classOf = used.Index().ToDictionary(number => number.Item, number => number.Index);
        string Name(long number) => nameOf?.Invoke(number) is { Length: > 0 } name ? ImageLayout.Printable(name) : number.ToString(CultureInfo.InvariantCulture);
        long end = Math.Max(used[^1] + 1, known ?? 0);
        List<string> notes = [];
        if (end > used.Length)
        {
            string[] missing = [.. Missing(used, end).Take(Listed + 1).Select(Name)];
            string more = missing.Length > Listed ? " and more" : "";
            string plural = missing.Length == 1 ? "a class without images, and left out" : "classes without images, and left out";
            notes.Add($"labels: {string.Join(", ", missing.Take(Listed))}{more}: {plural}");
        }
        return new ClassLabels([.. numbers.Select(number => number < 0 ? -1 : classOf[number])], [.. used.Select(Name)], notes);
    }

    /// <summary>Classes by name, in ordinal order; numbers in theirs.</summary>
    /// <param name="names">One for each image.</param>
    public static ClassLabels Of(IReadOnlyList<string> names)
    {
        long[] numbers = new long[names.Count];
        bool whole = true;
        for (int i = 0; i < numbers.Length && whole; i++) whole = TryNumber(names[i], out numbers[i]);
        if (whole) return Of(numbers);
        string[] classes = [.. names.Distinct().Order(StringComparer.Ordinal)];
        if (classes.Length > MostClasses) return LeftOut($"labels: {classes.Length} different ones are more than the {MostClasses} classes there may be; they are left out");
        return new ClassLabels([.. names.Select(name => Array.BinarySearch(classes, name, StringComparer.Ordinal))], [.. classes.Select(ImageLayout.Printable)], []);
    }

    /// <summary>The labels of an array: N numbers, N×1 of them, or N×K where each row has a single 1.</summary>
    /// <param name="array">As it is stored.</param>
    /// <param name="images">How many images there are.</param>
    /// <exception cref="InvalidDataException">There are more or fewer labels than images.</exception>
    public static ClassLabels Of(NpyArray array, int images)
    {
        IReadOnlyList<long> shape = array.Type.Shape;
        string file = Path.GetFileName(array.Name);
        if (shape.Count == 0 || shape[0] != images) throw new InvalidDataException($"{array.Name}: {array.Type.Extents} labels for {Counted.Of(images, "image")}.");
        if (array.Type.Count / images > MostClasses) return LeftOut($"{file}: {array.Type.Extents} numbers are no labels; they are left out");
        double[] values = new double[array.Type.Count];
        array.Read(0, values.AsSpan());
        if (!Array.TrueForAll(values, value => value == Math.Floor(value) && Math.Abs(value) < long.MaxValue / 2))
            return LeftOut($"{file}: its numbers are not whole, so no classes; they are left out");
        int each = values.Length / images;
        if (each == 1) return Of(Array.ConvertAll(values, value => (long)value));
        long[] ones = new long[images];
        for (int i = 0; i < images; i++)
        {
            ReadOnlySpan<double> row = values.AsSpan(i * each, each);
            ones[i] = row.IndexOf(1);
            if (ones[i] < 0 || row.Count(1) != 1 || row.Count(0) != each - 1)
                return LeftOut($"{file}: {each} numbers for each image, which may be of several classes at once; such labels are left out");
        }
        return Of(ones, known: each);
    }

    static IEnumerable<long> Missing(long[] used, long end)
    {
        int next = 0;
        for (long number = 0; number < end; number++)
        {
            if (next < used.Length && used[next] == number) next++;
            else yield return number;
        }
    }

    static bool TryNumber(string text, out long number)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number)) return true;
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) || value != Math.Floor(value) || Math.Abs(value) > 1e15) return false;
        number = (long)value;
        return true;
    }
}
