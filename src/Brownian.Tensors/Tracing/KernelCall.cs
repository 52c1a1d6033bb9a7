namespace Brownian.Tensors;

/// <summary>One kernel with weights of its own, or attention, as a <see cref="TracingDevice"/> met it.</summary>
/// <param name="Kernel">What it is, such as "conv 3×3".</param>
/// <param name="Weight">The convolution's or linear map's weight, the norm's scale; null for attention.</param>
/// <param name="Bias">What is added, if anything: a parameter too.</param>
/// <param name="Output">The shape of the result, samples first.</param>
/// <param name="MultiplyAdds">Of all samples: products of weights, and of queries, keys and values.</param>
public sealed record KernelCall(string Kernel, Tensor? Weight, Tensor? Bias, Shape Output, long MultiplyAdds);
