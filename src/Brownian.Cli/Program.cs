using Brownian.Cli;

using var interrupts = new Interrupts();
return interrupts.CodeOf(App.Run(args, Terminal.OfProcess(), interrupts.Token));
