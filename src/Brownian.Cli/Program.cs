using Brownian.Cli;

Terminal terminal = Terminal.OfProcess();
using var interrupts = new Interrupts(terminal);
return interrupts.CodeOf(App.Run(args, terminal, interrupts.Token));
