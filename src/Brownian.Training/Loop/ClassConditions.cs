using System.Globalization;

namespace Brownian.Training;

/// <summary>The classes of images and those of the network that is told them, brought together.</summary>
static class ClassConditions
{
    /// <summary>The configuration with as many classes of the network as the images have, where it leaves that to them.</summary>
    /// <exception cref="InvalidDataException">The images have no classes.</exception>
    public static TrainConfig Fit(TrainConfig config, IImageDataset images)
    {
        if (!config.Train.ClassConditional || config.Model.Classes > 0) return config;
        if (images.Classes.Count == 0) throw Unlabelled("train_params.class_conditional is true", "set it to false", images);
        return config.Model.WithClasses(Needed(config, images)) is { } model ? config with { Model = model } : config;
    }

    /// <exception cref="InvalidDataException">The network cannot be told the classes of these images.</exception>
    public static void Check(IImageDataset images, TrainConfig config)
    {
        (int classes, string key) = (config.Model.Classes, $"model_params.{(config.Model.ClassesProperty is { } property ? config.Model.KeyOf(property) : "")}");
        double dropout = config.Train.LabelDropout;
        if (config.Sampling.IsGuided && dropout == 0)
        {
            throw new InvalidDataException(
                $"sample_params.guidance_scale is {config.Sampling.GuidanceScale}, which needs a network trained without labels too; "
                + "set train_params.class_conditional to true and train_params.label_dropout to 0.1, or remove it.");
        }
        if (classes == 0) return;
        if (images.Classes.Count == 0) throw Unlabelled($"{key} is {classes}", "remove the key", images);
        if (classes != Needed(config, images))
        {
            string more = dropout > 0 ? " and label_dropout needs one more" : "";
            throw new InvalidDataException(
                $"{key} is {classes}, but the images have {images.Classes.Count} classes{more} ({images.Description}); "
                + $"set it to {Needed(config, images)}, or remove it and set train_params.class_conditional to true.");
        }
        if (dropout == 0) CheckLabels(images);
    }

    /// <summary>In a few words; empty for an unconditional network.</summary>
    public static string Describe(IImageDataset images, TrainConfig config)
    {
        if (config.Model.Classes == 0) return "";
        string share = config.Train.LabelDropout.ToString("0.##%", CultureInfo.InvariantCulture);
        string dropped = config.Train.LabelDropout > 0 ? $", and one for any image: {share} of labels are dropped" : "";
        return $"{images.Classes.Count} of the images{dropped}";
    }

    /// <summary>The labels as the network takes them; images without one are of the class for any image.</summary>
    public static int[] Labels(Batch batch, int classes) =>
        classes == 0 ? [] : Array.ConvertAll(batch.Labels, label => label < 0 ? classes - 1 : label);

    static int Needed(TrainConfig config, IImageDataset images) => images.Classes.Count + (config.Train.LabelDropout > 0 ? 1 : 0);

    static void CheckLabels(IImageDataset images)
    {
        for (int i = 0; i < images.Count; i++)
        {
            if (images.Label(i) < 0)
            {
                throw new InvalidDataException(
                    $"Image {i} of {images.Count} has no class ({images.Description}); label it, or set train_params.label_dropout to 0.1.");
            }
        }
    }

    static InvalidDataException Unlabelled(string what, string mend, IImageDataset images) => new(
        $"{what}, but the images have no classes ({images.Description}); put those of each class into a folder of its name, or {mend}.");
}
