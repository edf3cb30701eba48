using Quoin.Cli;

return await QuoinCommandLine.RunAsync(args, CommandContext.OfProcess());
