namespace Brownian;

/// <summary>Which images of a place are wanted, and where their classes come from.</summary>
public sealed record SourceOptions
{
    /// <summary>Those to train on; classes from wherever they are.</summary>
    public static SourceOptions Default { get; } = new();

    /// <summary>Which part of a set that is kept in parts. A set without parts is given whole.</summary>
    public DataSplit Split { get; init; } = DataSplit.Train;

    /// <summary>Where classes come from.</summary>
    public LabelSource Labels { get; init; } = LabelSource.Auto;
}

/// <summary>The parts in which sets of images are published.</summary>
public enum DataSplit
{
    /// <summary>Those to train on.</summary>
    Train,

    /// <summary>Those to test with.</summary>
    Test,

    /// <summary>Those for choosing settings.</summary>
    Val,

    /// <summary>All of them together.</summary>
    All,
}

/// <summary>What says which class an image is of.</summary>
public enum LabelSource
{
    /// <summary>A list beside the images (<c>metadata.csv</c>, <c>metadata.jsonl</c>, <c>dataset.json</c>), else folders.</summary>
    Auto,

    /// <summary>The folder that an image lies in.</summary>
    Folder,

    /// <summary>The letters that a file's name begins with: <c>cat_0001.png</c> is a cat.</summary>
    Prefix,

    /// <summary>Nothing: the images have no classes.</summary>
    None,
}
