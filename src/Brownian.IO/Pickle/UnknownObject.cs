namespace Brownian.IO;

/// <summary>An object of a class, or the result of a function, that means nothing here. What a file says of it is passed over.</summary>
/// <param name="Name">Of the class or function, with its module.</param>
sealed record UnknownObject(string Name);
