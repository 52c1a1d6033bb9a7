using Brownian.Diffusion;

namespace Brownian.Training;

/// <summary>
/// Section <c>diffusion_params</c>: the forward process, what the network predicts about it, and how a reverse step is formed from that. Keys
/// have diffusers' names where it has them.
/// </summary>
public sealed record DiffusionParams
{
    const int StepsOfContinuum = 100_000;

    /// <summary><c>process</c>: ddpm, flow or edm.</summary>
    public ProcessKind Process { get; init; } = ProcessKind.Ddpm;

    /// <summary><c>num_timesteps</c>: T, the number of noise levels of ddpm; the others have a continuum of them.</summary>
    public int Timesteps { get; init; } = 1000;

    /// <summary><c>beta_start</c>: β of timestep 0.</summary>
    public double BetaStart { get; init; } = 1e-4;

    /// <summary><c>beta_end</c>: β of timestep T − 1.</summary>
    public double BetaEnd { get; init; } = 0.02;

    /// <summary><c>beta_schedule</c>: how β runs between the two.</summary>
    public BetaSchedule BetaSchedule { get; init; } = BetaSchedule.Linear;

    /// <summary><c>trained_betas</c>: β_0 … β_{T−1}, where <c>beta_schedule</c> is custom; otherwise empty.</summary>
    public Values<double> TrainedBetas { get; init; } = [];

    /// <summary><c>scale_betas</c>: multiply both ends by 1000/T, so that few timesteps reach as much noise as a thousand; for linear.</summary>
    public bool ScaleBetas { get; init; }

    /// <summary><c>rescale_betas_zero_snr</c>: stretch the schedule so that timestep T − 1 is noise alone (Lin et al. 2024).</summary>
    public bool RescaleToZeroSnr { get; init; }

    /// <summary><c>shift</c>: sampling times of flow are moved towards noise by t → s·t/(1 + (s − 1)·t) (Esser et al. 2024, eq. 23).</summary>
    public double Shift { get; init; } = 1;

    /// <summary><c>sigma_min</c>: the least noise of edm.</summary>
    public double SigmaMin { get; init; } = 0.002;

    /// <summary><c>sigma_max</c>: the most noise of edm.</summary>
    public double SigmaMax { get; init; } = 80;

    /// <summary><c>sigma_data</c>: the standard deviation of the pixels of the data, for edm.</summary>
    public double SigmaData { get; init; } = 0.5;

    /// <summary><c>prediction_type</c>: what the network predicts; null for the process's own: epsilon, flow_prediction or edm.</summary>
    public PredictionType? PredictionType { get; init; }

    /// <summary><c>variance</c>: the variance of a reverse step.</summary>
    public VarianceKind Variance { get; init; } = VarianceKind.Small;

    /// <summary><c>clip_sample</c>: limit the predicted x̂0 to [−range, range] in each reverse step.</summary>
    public bool ClipSample { get; init; } = true;

    /// <summary><c>clip_sample_range</c>: 1, as images fill [−1, 1].</summary>
    public double ClipSampleRange { get; init; } = 1;

    /// <summary><c>thresholding</c>: limit x̂0 by dynamic thresholding instead (Saharia et al. 2022, §2.3).</summary>
    public bool Thresholding { get; init; }

    /// <summary><c>dynamic_thresholding_ratio</c>: the quantile of |x̂0| that becomes the limit.</summary>
    public double ThresholdingRatio { get; init; } = 0.995;

    /// <summary><c>sample_max_value</c>: the largest such limit; 1 makes it a plain clip.</summary>
    public double SampleMaxValue { get; init; } = 1;

    /// <summary>What the network predicts.</summary>
    public Parameterization Predicts => PredictedOrOwn switch
    {
        Training.PredictionType.Sample => Parameterization.Sample,
        Training.PredictionType.VPrediction => Parameterization.Velocity,
        Training.PredictionType.FlowPrediction => Parameterization.Flow,
        Training.PredictionType.Edm => Parameterization.EdmOf(SigmaData),
        _ => Parameterization.Epsilon,
    };

    /// <summary>The variance of a reverse step as samplers call it.</summary>
    public ReverseVariance ReverseVariance => Variance switch
    {
        VarianceKind.Large => ReverseVariance.FixedLarge,
        VarianceKind.SmallLog => ReverseVariance.FixedSmallLog,
        VarianceKind.LargeLog => ReverseVariance.FixedLargeLog,
        VarianceKind.Learned => ReverseVariance.Learned,
        VarianceKind.LearnedRange => ReverseVariance.LearnedRange,
        _ => ReverseVariance.FixedSmall,
    };

    /// <summary>What keeps x̂0 in range.</summary>
    public X0Limit Limit =>
        Thresholding ? X0Limit.Dynamic(ThresholdingRatio, SampleMaxValue)
        : ClipSample ? X0Limit.Clip((float)ClipSampleRange)
        : X0Limit.None;

    /// <summary>True where the network predicts the variance of a reverse step too.</summary>
    public bool LearnsVariance => Variance is VarianceKind.Learned or VarianceKind.LearnedRange;

    /// <summary>The most steps that a sampler can take.</summary>
    internal int MostSteps => Process == ProcessKind.Ddpm ? Timesteps : StepsOfContinuum;

    PredictionType PredictedOrOwn => PredictionType ?? Process switch
    {
        ProcessKind.Flow => Training.PredictionType.FlowPrediction,
        ProcessKind.Edm => Training.PredictionType.Edm,
        _ => Training.PredictionType.Epsilon,
    };

    /// <summary>The noise levels.</summary>
    /// <exception cref="ArgumentException">The numbers make none.</exception>
    public INoiseProcess ToProcess() => Process switch
    {
        ProcessKind.Flow => new RectifiedFlow { Shift = Shift },
        ProcessKind.Edm => new VarianceExploding(SigmaMin, SigmaMax),
        _ => ToSchedule(),
    };

    /// <summary>The noise levels of ddpm.</summary>
    /// <exception cref="ArgumentException">The numbers make no schedule.</exception>
    public NoiseSchedule ToSchedule()
    {
        NoiseSchedule schedule = BetaSchedule switch
        {
            BetaSchedule.ScaledLinear => NoiseSchedule.ScaledLinear(Timesteps, BetaStart, BetaEnd),
            BetaSchedule.Cosine => NoiseSchedule.Cosine(Timesteps),
            BetaSchedule.Sigmoid => NoiseSchedule.Sigmoid(Timesteps, BetaStart, BetaEnd),
            BetaSchedule.SigmoidSignal => NoiseSchedule.SigmoidSignal(Timesteps),
            BetaSchedule.Exponential => NoiseSchedule.Exponential(Timesteps),
            BetaSchedule.Laplace => NoiseSchedule.Laplace(Timesteps),
            BetaSchedule.Custom => NoiseSchedule.FromBetas([.. TrainedBetas]),
            _ => NoiseSchedule.Linear(Timesteps, BetaStart, BetaEnd, ScaleBetas),
        };
        return RescaleToZeroSnr ? schedule.RescaledToZeroTerminalSnr() : schedule;
    }
}

/// <summary>How images become noise.</summary>
public enum ProcessKind
{
    /// <summary>A schedule of T timesteps (Ho et al. 2020).</summary>
    Ddpm,

    /// <summary>Straight paths between images and noise: rectified flow, flow matching (Liu et al. 2022; Lipman et al. 2022).</summary>
    Flow,

    /// <summary>Noise of any deviation added to images (Karras et al. 2022).</summary>
    Edm,
}

/// <summary>How β_t grows with t.</summary>
public enum BetaSchedule
{
    /// <summary>Evenly (Ho et al. 2020, §4).</summary>
    Linear,

    /// <summary>√β evenly (Rombach et al. 2022); also called quadratic.</summary>
    ScaledLinear,

    /// <summary>ᾱ follows a squared cosine (Nichol &amp; Dhariwal 2021), squaredcos_cap_v2 in diffusers; both ends are ignored.</summary>
    Cosine,

    /// <summary>Along a sigmoid (Xu et al. 2022).</summary>
    Sigmoid,

    /// <summary>ᾱ(u) = e^{−12u}, <c>exp</c> in diffusers; both ends are ignored.</summary>
    Exponential,

    /// <summary>log SNR follows a Laplace distribution (Hang et al. 2024); both ends are ignored.</summary>
    Laplace,

    /// <summary>ᾱ follows a sigmoid (Jabri et al. 2022); both ends are ignored.</summary>
    SigmoidSignal,

    /// <summary>As <c>trained_betas</c> lists them.</summary>
    Custom,
}

/// <summary>What a network predicts (<see cref="Parameterization"/>); the names are diffusers'.</summary>
public enum PredictionType
{
    /// <summary>The noise ε.</summary>
    Epsilon,

    /// <summary>The image x_0.</summary>
    Sample,

    /// <summary>v = √ᾱ·ε − √(1 − ᾱ)·x_0.</summary>
    VPrediction,

    /// <summary>u = ε − x_0; also called flow.</summary>
    FlowPrediction,

    /// <summary>F of Karras et al. 2022.</summary>
    Edm,
}

/// <summary>The variance of q(x_{t−1}|x_t) that sampling uses (Ho et al. 2020, §3.2); diffusers' names begin with fixed_.</summary>
public enum VarianceKind
{
    /// <summary>β̃_t, the variance of the posterior given x_0.</summary>
    Small,

    /// <summary>β_t</summary>
    Large,

    /// <summary>β̃_t, computed through its logarithm by others.</summary>
    SmallLog,

    /// <summary>β_t, computed through its logarithm by others.</summary>
    LargeLog,

    /// <summary>The network predicts its logarithm (Nichol &amp; Dhariwal 2021).</summary>
    Learned,

    /// <summary>The network says where between the two (Nichol &amp; Dhariwal 2021, eq. 15).</summary>
    LearnedRange,
}
