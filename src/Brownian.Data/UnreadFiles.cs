using Brownian.Imaging;

namespace Brownian.Data;

/// <summary>
/// Files that people keep images in and that are not read. Whoever leaves some out says how many there were, what they are and what to do
/// with them, so that nothing vanishes without a word.
/// </summary>
public static class UnreadFiles
{
    const string Magick = "convert them with 'magick mogrify -format png FILES'";
    const string OneArray = "and save it with numpy.save as .npy";
    const string ByThemselves = "give such a file by itself, or unpack it";

    /// <summary>What files with an ending are, and what to do with them. Of endings that fit one name the longest counts.</summary>
    static readonly (string[] Endings, string What, string Do)[] Kinds =
    [
        ([".heic", ".heif", ".hif"], "HEIC photographs", Magick),
        ([".avif"], "AVIF images", Magick),
        ([".jxl"], "JPEG XL images", Magick),
        ([".jp2", ".j2k", ".jpx"], "JPEG 2000 images", Magick),
        ([".tga"], "Targa images", Magick),
        ([".ppm", ".pgm", ".pbm", ".pnm", ".pam"], "Netpbm images", Magick),
        ([".psd", ".psb", ".xcf"], "pictures of a paint program", Magick),
        ([".svg", ".svgz", ".eps", ".ai", ".pdf"], "drawings", "draw them at one size with 'magick FILE FILE.png'"),
        ([".exr", ".hdr", ".pfm"], "images of high dynamic range", "map them to 16-bit PNG, which is a choice of exposure"),
        ([".cr2", ".cr3", ".nef", ".dng", ".arw", ".orf", ".rw2", ".raf"], "raw photographs", "develop them to JPEG, PNG or TIFF, for example with darktable-cli"),
        ([".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg"], "videos", "take frames out with 'ffmpeg -i FILE FOLDER/%06d.png'"),
        ([".dcm", ".dicom"], "DICOM images", "save each pixel_array of pydicom as 16-bit PNG, or all of them as one .npy"),
        ([".nii", ".nii.gz"], "NIfTI volumes", $"take the slices out with nibabel's get_fdata, stack them as N×H×W {OneArray}"),
        ([".mha", ".mhd", ".nrrd"], "medical volumes", $"take the slices out with SimpleITK, stack them as N×H×W {OneArray}"),
        ([".svs", ".ndpi", ".czi", ".lif", ".nd2"], "microscope images", "export tiles of one size as PNG"),
        ([".h5", ".hdf5"], "HDF5 files", $"take the array of images out with h5py {OneArray}"),
        ([".mat"], "Matlab's arrays", $"take the array of images out with scipy.io.loadmat, or h5py for version 7.3, {OneArray}"),
        ([".pkl", ".pickle"], "Python's pickles", $"take the array of images out in Python {OneArray}"),
        ([".tfrecord", ".tfrecords"], "TensorFlow records", "export the images as files, or as Parquet"),
        ([".lmdb", ".mdb"], "LMDB databases", "export the images as files: each value is one, as a rule"),
        ([".arrow", ".feather"], "Arrow tables", "save them with datasets.load_from_disk(FOLDER).to_parquet(FILE)"),
        ([".beton", ".mds", ".rec"], "records of a training library", "export the images as files, or as Parquet"),
        ([".rar", ".7z", ".tar.bz2", ".tar.xz", ".tar.zst", ".xz", ".bz2", ".zst"], "archives of other kinds", "unpack them"),
        ([".zip", ".tar", ".tgz", ".tar.gz"], "archives inside", ByThemselves),
        ([".npy", ".npz"], "NumPy arrays beside images", ByThemselves),
        ([".parquet"], "Parquet tables beside images", ByThemselves),
    ];

    static readonly Dictionary<string, int> KindOf =
        Kinds.Index().SelectMany(kind => kind.Item.Endings.Select(ending => (ending, kind.Index))).ToDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>Lines for people on those of some files that are not read, a line for each kind of file; empty where there are none.</summary>
    /// <param name="names">Names or paths of files, of any kind.</param>
    public static IReadOnlyList<string> Notes(IEnumerable<string> names) =>
        [.. In(names).Select(found => $"{found.Files} ({found.What}) {(found.Count == 1 ? "is" : "are")} not read: {found.Do}.")];

    /// <summary>Why a place holds nothing to learn from, where it holds files that are not read; null where it has none of those.</summary>
    /// <param name="path">The place, which the message begins with.</param>
    /// <param name="names">Names or paths of the files in it, of any kind.</param>
    public static InvalidDataException? Why(string path, IEnumerable<string> names)
    {
        (string Files, string What, string Do, int Count)[] found = [.. In(names)];
        if (found.Length == 0) return null;
        string files = string.Join(" and ", found.Select(kind => $"{kind.Files} ({kind.What})"));
        string verb = found is [{ Count: 1 }] ? "is" : "are";
        return new InvalidDataException($"{path}: holds {files}, which {verb} not read; {string.Join("; ", found.Select(kind => kind.Do).Distinct())}.");
    }

    /// <summary>Why a file cannot be learned from, where it is one of those; null where it is none.</summary>
    /// <param name="path">The file.</param>
    public static InvalidDataException? Why(string path) => Of(path, out _) is int kind and >= 0 && Kinds[kind].Do != ByThemselves
        ? new InvalidDataException($"{path}: {Kinds[kind].What} are not read; {Kinds[kind].Do}.")
        : null;

    // Most files first.
    static IEnumerable<(string Files, string What, string Do, int Count)> In(IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        return names.Select(name => (Kind: Of(name, out string ending), Ending: ending))
            .Where(file => file.Kind >= 0)
            .GroupBy(file => file.Kind)
            .OrderByDescending(group => group.Count()).ThenBy(group => group.Key)
            .Select(group => (Counted(group.Select(file => file.Ending)), Kinds[group.Key].What, Kinds[group.Key].Do, group.Count()));
    }

    static string Counted(IEnumerable<string> endings) =>
        string.Join(", ", endings.CountBy(ending => ending).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Value} {pair.Key}"));

    // The kind of a file, or −1. Two endings (.nii.gz) go before one.
    static int Of(string name, out string ending)
    {
        ending = "";
        if (ImageFile.HasExtension(name)) return -1;
        string last = Path.GetExtension(name);
        string two = Path.GetExtension(name[..^last.Length]) + last;
        foreach (string candidate in (string[])[two, last])
        {
            if (!KindOf.TryGetValue(candidate, out int kind)) continue;
            ending = candidate.ToLowerInvariant();
            return kind;
        }
        return -1;
    }
}
