using Brownian.Imaging;

namespace Brownian.Tests;

/// <summary>What is left out is counted, and said with what to do.</summary>
public sealed class UnreadFilesTests
{
    [Fact]
    public void Each_kind_is_counted_and_named_with_what_to_do() => Assert.Equal(
        [
            "1 .heic, 1 .heif (HEIC photographs) are not read: convert them with 'magick mogrify -format png FILES'.",
            "1 .tga (Targa images) is not read: convert them with 'magick mogrify -format png FILES'.",
        ],
        UnreadFiles.Notes(["a/x.tga", "a/1.HEIC", "b/2.heif", "c/0.png", "README.md"]));

    [Theory]
    [InlineData("scan.nii.gz", "NIfTI")]
    [InlineData("scan.nii", "NIfTI")]
    [InlineData("x.dcm", "DICOM")]
    [InlineData("lsun/data.mdb", "LMDB")]
    [InlineData("train.tfrecord", "TensorFlow")]
    [InlineData("train.h5", "HDF5")]
    [InlineData("train_32x32.mat", "Matlab")]
    [InlineData("x.avif", "AVIF")]
    [InlineData("x.jxl", "JPEG XL")]
    [InlineData("x.ppm", "Netpbm")]
    [InlineData("x.psd", "paint program")]
    [InlineData("x.arrow", "Arrow")]
    [InlineData("x.7z", "archives")]
    [InlineData("inner.zip", "archives inside")]
    [InlineData("x.MP4", "videos")]
    [InlineData("x.cr2", "raw photographs")]
    public void Where_nothing_else_is_there_the_error_says_what_is(string name, string what)
    {
        Assert.Contains(what, Assert.Single(UnreadFiles.Notes([name])), StringComparison.Ordinal);
        string message = UnreadFiles.Why("some/place", ["notes.txt", name])!.Message;
        Assert.StartsWith("some/place: ", message, StringComparison.Ordinal);
        Assert.Contains(what, message, StringComparison.Ordinal);
        Assert.Contains(" is not read; ", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train_32x32.mat", "Matlab's arrays are not read; ")]
    [InlineData("scan.nii.gz", "NIfTI volumes are not read; ")]
    public void A_file_given_by_itself_is_told_what_it_is(string name, string problem)
    {
        using var scratch = new ScratchFolder();
        string path = scratch.Write(name, [1, 2, 3, 4, 5]);
        Assert.StartsWith($"{path}: {problem}", Assert.Throws<InvalidDataException>(() => ImageSources.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_are_read_or_that_nobody_takes_for_images_are_none()
    {
        string[] names = [.. ImageFile.Extensions.Select(ending => "x" + ending), "labels.csv", "README", "train.7", ".hidden", "x."];
        Assert.Empty(UnreadFiles.Notes(names));
        Assert.Null(UnreadFiles.Why("place", names));
    }
}
