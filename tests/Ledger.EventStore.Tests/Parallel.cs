// Many tests wait for processes, time-outs and the database: one more than the cores of the smallest machine keeps those busy.
[assembly: CollectionBehavior(MaxParallelThreads = 3)]
