namespace Brownian;

/// <summary>What other trainers call a setting, for who types it from habit.</summary>
public static class ForeignNames
{
    static readonly Dictionary<string, string> Ours = new(StringComparer.Ordinal)
    {
        // diffusers' and accelerate's training scripts
        ["learning_rate"] = "train_params.lr",
        ["lr_scheduler"] = "train_params.lr_schedule",
        ["train_batch_size"] = "train_params.batch_size",
        ["per_device_train_batch_size"] = "train_params.batch_size",
        ["eval_batch_size"] = "train_params.num_samples",
        ["num_train_epochs"] = "train_params.num_epochs",
        ["max_train_steps"] = "train_params.num_steps",
        ["gradient_accumulation_steps"] = "train_params.gradient_accumulation",
        ["checkpointing_steps"] = "train_params.checkpoint_steps",
        ["checkpoints_total_limit"] = "train_params.keep_checkpoints",
        ["save_images_epochs"] = "train_params.sample_epochs",
        ["use_ema"] = "train_params.ema_decay",
        ["ema_max_decay"] = "train_params.ema_decay",
        ["adam_weight_decay"] = "train_params.weight_decay",
        ["adam_epsilon"] = "train_params.eps",
        ["adam_beta1"] = "train_params.betas",
        ["adam_beta2"] = "train_params.betas",
        ["max_grad_norm"] = "train_params.clip_grad_norm",
        ["noise_offset"] = "train_params.offset_noise",
        ["input_perturbation_gamma"] = "train_params.input_perturbation",
        ["random_flip"] = "dataset_params.horizontal_flip",
        ["dataset_name"] = "dataset_params.im_path",
        ["train_data_dir"] = "dataset_params.im_path",
        ["num_train_timesteps"] = "diffusion_params.num_timesteps",
        ["ddpm_num_steps"] = "diffusion_params.num_timesteps",
        ["ddpm_beta_schedule"] = "diffusion_params.beta_schedule",
        ["ddpm_num_inference_steps"] = "sample_params.steps",
        ["num_inference_steps"] = "sample_params.steps",
        ["cfg_scale"] = "sample_params.guidance_scale",
        // denoising-diffusion-pytorch, guided-diffusion, PyTorch Lightning and the rest
        ["epochs"] = "train_params.num_epochs",
        ["n_epochs"] = "train_params.num_epochs",
        ["max_epochs"] = "train_params.num_epochs",
        ["max_steps"] = "train_params.num_steps",
        ["steps_total"] = "train_params.num_steps",
        ["train_lr"] = "train_params.lr",
        ["train_num_steps"] = "train_params.num_steps",
        ["gradient_accumulate_every"] = "train_params.gradient_accumulation",
        ["accumulate_grad_batches"] = "train_params.gradient_accumulation",
        ["gradient_clip_val"] = "train_params.clip_grad_norm",
        ["grad_clip"] = "train_params.clip_grad_norm",
        ["ema_rate"] = "train_params.ema_decay",
        ["save_and_sample_every"] = "train_params.sample_steps",
        ["save_interval"] = "train_params.checkpoint_steps",
        ["schedule_sampler"] = "train_params.time_distribution",
        ["batch"] = "train_params.batch_size",
        ["bs"] = "train_params.batch_size",
        ["wd"] = "train_params.weight_decay",
        ["timesteps"] = "diffusion_params.num_timesteps",
        ["diffusion_steps"] = "diffusion_params.num_timesteps",
        ["noise_schedule"] = "diffusion_params.beta_schedule",
        ["objective"] = "diffusion_params.prediction_type",
        ["sampling_timesteps"] = "sample_params.steps",
        ["learn_sigma"] = "diffusion_params.variance",
        ["augment_horizontal_flip"] = "dataset_params.horizontal_flip",
        ["image_dir"] = "dataset_params.im_path",
        ["data_dir"] = "dataset_params.im_path",
    };

    // What Brownian does without being asked, or not at all.
    static readonly Dictionary<string, string> Absent = new(StringComparer.Ordinal)
    {
        ["mixed_precision"] = Float32,
        ["fp16"] = Float32,
        ["bf16"] = Float32,
        ["use_fp16"] = Float32,
        ["amp"] = Float32,
        ["precision"] = Float32,
        ["num_workers"] = Loading,
        ["dataloader_num_workers"] = Loading,
        ["pin_memory"] = Loading,
        ["use_8bit_adam"] = "Adam keeps its moments in 32 bits; leave it out",
        ["enable_xformers_memory_efficient_attention"] = "attention never holds all its weights at once; leave it out",
    };

    const string Float32 = "Brownian computes in 32-bit floats; leave it out", Loading = "images are prepared beside the training by itself; leave it out";

    /// <summary>What follows an error about a name that is nobody's key: "; did you mean train_params.lr?"; null where nothing is known.</summary>
    /// <param name="name">With underscores or dashes.</param>
    public static string? Hint(string name) => Of(name) is { } ours ? $"; did you mean {ours}?" : Why(name);

    /// <summary>The same for what has no key here.</summary>
    /// <inheritdoc cref="Hint"/>
    public static string? Why(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Absent.TryGetValue(Plain(name), out string? why) ? $": {why}." : null;
    }

    /// <summary>The key as "section.key"; null where no other name is known.</summary>
    /// <param name="name">With underscores or dashes.</param>
    public static string? Of(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Ours.GetValueOrDefault(Plain(name));
    }

    static string Plain(string name) => name.Replace('-', '_').ToLowerInvariant();

    /// <summary>All of "section.key" that a name is known for.</summary>
    internal static IEnumerable<string> Targets => Ours.Values.Distinct();
}
