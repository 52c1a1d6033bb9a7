using Brownian.Peers;

if (args.Any(argument => argument is "--help" or "-h"))
{
    Console.WriteLine(CompareOptions.Help);
    return 0;
}
try
{
    if (args is ["measure", { } what, ..])
        return Measuring.Run(what, args.Skip(2).Chunk(2).ToDictionary(pair => pair[0], pair => pair[1]));
    return Comparison.Run(CompareOptions.Parse(args));
}
catch (Exception e) when (e is ArgumentException or IOException or InvalidOperationException or NotSupportedException or DllNotFoundException)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return 1;
}
