using Brownian.Cli;

using var interrupts = new Interrupts();
return App.Run(args, Terminal.OfProcess(), interrupts.Token);
