using Ledger.Bench;

// `load` is the load generator, a process of its own; everything else names what to measure.
return args is ["load", ..] ? LoadGenerator.Run(LoadOptions.Parse(args)) : await BenchRun.RunAsync(args);
