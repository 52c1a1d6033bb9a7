namespace Brownian;

/// <summary>How far an answer is from its target, as a function of their difference d.</summary>
public enum LossOp
{
    /// <summary>d²</summary>
    Squared,

    /// <summary>|d|</summary>
    Absolute,

    /// <summary>½d² up to a threshold δ, δ·(|d| − ½δ) beyond.</summary>
    Huber,

    /// <summary>√(d² + c²) − c</summary>
    PseudoHuber,
}
