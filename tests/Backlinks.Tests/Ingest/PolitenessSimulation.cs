using Backlinks.Ingest;

namespace Backlinks.Tests;

/// <summary>
/// A web of hosts that share domains and addresses, answer fast and slow, ask for delays, refuse and fail, all drawn from
/// a seed; workers that fetch from it in virtual time; and an observer who knows the rules but not the code: it keeps its own
/// record of every start and end per host, domain and address, and throws at the first request that comes too soon.
/// </summary>
internal sealed class PolitenessSimulation
{
    public const long Second = TimeSpan.TicksPerSecond, MaxFetch = 3 * Second;

    private readonly Random _random;
    private readonly int[] _domain, _address, _otherAddress;
    private readonly long[] _typical, _delay;
    private readonly byte[] _temper; // 0 good, 1 sometimes 429 with Retry-After, 2 sometimes 429 without, 3 often fails

    // The observer's books; times in ticks.
    private readonly long[] _hostAfter, _domainAfter, _addressAfter, _dueSince;
    private readonly int[] _known, _strikes, _failures;
    private readonly bool[] _hostBusy, _domainBusy, _addressBusy;

    public PolitenessSimulation(int hosts, int seed)
    {
        _random = new Random(seed);
        Hosts = hosts;
        _domain = Crowded(hosts);
        _address = Crowded(hosts);
        _otherAddress = [.. _address];
        (_typical, _delay, _temper) = (new long[hosts], new long[hosts], new byte[hosts]);
        for (int host = 0; host < hosts; host++)
        {
            _typical[host] = (long)(Math.Exp(_random.NextDouble() * 4) * .02 * Second); // 20 ms to 1.1 s
            _delay[host] = _random.Next(20) == 0 ? _random.Next(1, 90) * Second : 0;
            _temper[host] = (byte)(_random.Next(12) is < 4 and int temper ? temper : 0);
            if (_random.Next(10) == 0)
                _otherAddress[host] = _random.Next(hosts); // it answers from two
        }
        (_hostAfter, _domainAfter, _addressAfter, _dueSince) = (new long[hosts], new long[hosts], new long[hosts], new long[hosts]);
        (_known, _strikes, _failures) = (new int[hosts], new int[hosts], new int[hosts]);
        (_hostBusy, _domainBusy, _addressBusy) = (new bool[hosts], new bool[hosts], new bool[hosts]);
        Served = new int[hosts];
        LongestWait = new long[hosts];
        Array.Fill(_known, -1);
        DomainSize = [.. _domain.CountBy(d => d).Join(_domain.Index(), d => d.Key, h => h.Item, (d, h) => (h.Index, d.Value)).OrderBy(h => h.Index).Select(h => h.Value)];
        AddressSize = [.. Enumerable.Range(0, hosts).Select(h => _address[h])];
        int[] there = new int[hosts];
        for (int host = 0; host < hosts; host++)
        {
            there[_address[host]]++;
            if (_otherAddress[host] != _address[host])
                there[_otherAddress[host]]++;
        }
        for (int host = 0; host < hosts; host++)
            AddressSize[host] = Math.Max(there[_address[host]], there[_otherAddress[host]]);
    }

    public int Hosts { get; }

    public long Requests { get; private set; }

    /// <summary>Requests that had to obey a Crawl-delay, a Retry-After or a back-off, and that shared a domain or an address: what was put to the test.</summary>
    public long Delayed { get; private set; }

    public long Sharing { get; private set; }

    public int[] Served { get; }

    /// <summary>Longest time between a host's own gap being over and its next request; ticks.</summary>
    public long[] LongestWait { get; }

    /// <summary>Hosts of a host's domain, and at the more crowded of its addresses.</summary>
    public int[] DomainSize { get; }

    public int[] AddressSize { get; }

    /// <summary>What a host may wait at most beyond its own gap, ticks: all hosts that share a key with it have their turn, four
    /// times over since it may be turned away thrice, and with few workers so has everybody else.</summary>
    public double MostWait(int host, int workers) => 4.0 * (MaxFetch + Second) * (DomainSize[host] + AddressSize[host] + Hosts / (double)workers);

    public string DomainName(int host) => $"d{_domain[host]}.example";

    public TimeSpan? Delay(int host) => _delay[host] > 0 ? TimeSpan.FromTicks(_delay[host]) : null;

    /// <summary>The observer sees a request begin.</summary>
    /// <returns>When it will end.</returns>
    public long Start(int host, long now)
    {
        Requests++;
        Served[host]++;
        if (_hostBusy[host] || now < _hostAfter[host])
            throw new InvalidOperationException($"host {host} is asked at {now}, busy {_hostBusy[host]}, free at {_hostAfter[host]}");
        if (_domainBusy[_domain[host]] || now < _domainAfter[_domain[host]])
            throw new InvalidOperationException($"the domain of host {host} is asked at {now}, busy {_domainBusy[_domain[host]]}, free at {_domainAfter[_domain[host]]}");
        _hostBusy[host] = _domainBusy[_domain[host]] = true;
        if (_known[host] is >= 0 and int address)
        {
            if (_addressBusy[address] || now < _addressAfter[address])
                throw new InvalidOperationException($"the address of host {host} is asked at {now}, busy {_addressBusy[address]}, free at {_addressAfter[address]}");
            _addressBusy[address] = true;
        }
        if (DomainSize[host] > 1 || AddressSize[host] > 1)
            Sharing++;
        LongestWait[host] = Math.Max(LongestWait[host], now - Math.Max(_dueSince[host], _hostAfter[host]));
        return now + Math.Min((long)(_typical[host] * (.5 + _random.NextDouble() * (_random.Next(50) == 0 ? 50 : 1))), MaxFetch);
    }

    /// <summary>The observer sees it end, and the answer.</summary>
    public FetchReport End(int host, long started, long now)
    {
        int dice = _random.Next(100);
        int address = _random.Next(3) == 0 ? _otherAddress[host] : _address[host];
        bool failed = _temper[host] == 3 && dice < 40, limited = _temper[host] is 1 or 2 && dice < 5;
        long retryAfter = _temper[host] == 1 && limited ? _random.Next(1, 200) * Second : -1;
        if (retryAfter >= 0 && dice == 0)
            retryAfter *= 10_000; // days: 24 hours count

        _strikes[host] = limited ? retryAfter >= 0 ? _strikes[host] : _strikes[host] + 1 : failed ? _strikes[host] : 0;
        _failures[host] = failed ? _failures[host] + 1 : 0;
        long gap = Math.Max(Math.Max(Second, _delay[host]), Math.Min(5 * (now - started), 30 * Second));
        long ask = Math.Min(retryAfter, 24 * 3600 * Second);
        if (limited && retryAfter < 0)
            ask = Doubled(_strikes[host]);
        if (_failures[host] > 1)
            ask = Math.Max(ask, Doubled(_failures[host] - 1));
        if (ask > gap || _delay[host] >= gap)
            Delayed++;
        _hostBusy[host] = _domainBusy[_domain[host]] = false;
        _hostAfter[host] = now + Math.Max(gap, ask);
        _domainAfter[_domain[host]] = now + Second;
        if (_known[host] is >= 0 and int before)
        {
            _addressBusy[before] = false;
            _addressAfter[before] = now + Second;
        }
        if (!failed)
        {
            _known[host] = address;
            _addressAfter[address] = now + Second;
        }
        return new FetchReport(TimeSpan.FromTicks(now - started), failed ? null : $"10.{address}", retryAfter >= 0 ? TimeSpan.FromTicks(retryAfter) : null, limited, failed);

        static long Doubled(int times) => (long)Math.Min(60.0 * Second * Math.Pow(2, times - 1), 24.0 * 3600 * Second);
    }

    /// <summary>Lets workers fetch for so long in virtual time, all hosts wanting all the time.</summary>
    public void Run(Politeness politeness, FakeTime time, int workers, TimeSpan howLong)
    {
        long begin = politeness.Now, end = begin + howLong.Ticks;
        for (int i = 0; i < Hosts; i++)
        {
            var host = new SimulatedHost { Index = i, Wanted = true };
            _dueSince[i] = begin;
            politeness.Join(host, DomainName(i));
            politeness.SetCrawlDelay(host, Delay(i));
            politeness.Enter(host);
        }
        var running = new PriorityQueue<(SimulatedHost Host, PoliteKey? Address, long Started), (long, long)>();
        long now = begin, number = 0;
        while (now < end)
        {
            long wait = -1;
            while (running.Count < workers && politeness.TryTake(out wait) is SimulatedHost host)
            {
                running.Enqueue((host, host.Address, now), (Start(host.Index, now), ++number));
                politeness.Enter(host);
            }
            long next = running.Count < workers && wait >= 0 ? now + wait : long.MaxValue;
            if (running.TryPeek(out _, out (long At, long) first))
                next = Math.Min(next, first.At);
            time.Now = time.Now.AddTicks(next - now);
            now = next;
            while (running.TryPeek(out (SimulatedHost Host, PoliteKey? Address, long Started) over, out first) && first.At <= now)
            {
                running.Dequeue();
                politeness.Release(over.Host, over.Address, End(over.Host.Index, over.Started, now));
            }
        }
        for (int i = 0; i < Hosts; i++)
            if (!_hostBusy[i])
                LongestWait[i] = Math.Max(LongestWait[i], end - Math.Max(_dueSince[i], _hostAfter[i])); // one that waits still counts
    }

    // Half of the hosts stand alone, the others crowd: a few groups have hundreds.
    private int[] Crowded(int hosts)
    {
        var group = new int[hosts];
        for (int host = 0; host < hosts; host++)
            group[host] = _random.Next(2) == 0 ? host : (int)(hosts * Math.Pow(_random.NextDouble(), 3));
        return group;
    }

    private sealed class SimulatedHost : PoliteHost
    {
        public int Index { get; init; }
    }
}
