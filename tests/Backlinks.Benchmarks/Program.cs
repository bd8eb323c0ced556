using System.Reflection;

// One class per question; each has static int Run(string[] args) and is asked by its name.
MethodInfo? run = args.Length == 0 ? null : Assembly.GetExecutingAssembly().GetTypes()
    .FirstOrDefault(t => t.Name.Equals(args[0], StringComparison.OrdinalIgnoreCase))
    ?.GetMethod("Run", BindingFlags.Public | BindingFlags.Static, [typeof(string[])]);
if (run is null)
{
    Console.Error.WriteLine("which benchmark? " + string.Join(", ", Assembly.GetExecutingAssembly().GetTypes()
        .Where(t => t.GetMethod("Run", BindingFlags.Public | BindingFlags.Static, [typeof(string[])]) is not null)
        .Select(t => t.Name).Order()));
    return 2;
}
return (int)run.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [args[1..]], null)!;
