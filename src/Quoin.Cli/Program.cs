using Quoin.Cli;
using Quoin.Server;

SocketScheduling.RunInline();
return await QuoinCommandLine.RunAsync(args, CommandContext.OfProcess());
