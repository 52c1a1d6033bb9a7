// Kernels keep small blocks on the stack and write before they read.
[module: System.Runtime.CompilerServices.SkipLocalsInit]
