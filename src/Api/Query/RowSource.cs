namespace Backlinks.Api;

/// <summary>Of which time rows are wanted; what <see cref="RowQuery.History"/>, its dates and its aggregation say.</summary>
/// <param name="All">Lost ones too.</param>
/// <param name="Since">What is live, and what was lost from then on; null for neither.</param>
/// <param name="From">First seen from then on.</param>
/// <param name="Below">First seen before.</param>
/// <param name="Aggregation">Null for every row, else the column by whose value rows are grouped.</param>
internal sealed record RowTime(bool All, DateTime? Since, DateTime? From, DateTime? Below, string? Aggregation)
{
    public static RowTime Live { get; } = new(false, null, null, null, null);
}

/// <summary>
/// Where the rows of a resource come from: a table cut down to the target, or groups of it. Adds what stands behind FROM up to and with a
/// WHERE that has at least one condition, so that filters follow as " AND …".
/// </summary>
internal abstract record RowSource
{
    /// <summary>What tells rows apart and orders equal ones: an expression over the rows, never null.</summary>
    public abstract string Key { get; }

    public abstract void From(SqlText sql, RowScope scope, RowTime time, Filter? filter);

    /// <summary>Adds the number of rows.</summary>
    public virtual void Count(SqlText sql, RowScope scope, RowTime time, Filter? filter)
    {
        sql.Add("SELECT count(*) FROM ");
        From(sql, scope, time, filter);
    }

    private protected static void And(SqlText sql, Filter? filter)
    {
        if (filter is not null)
            sql.Add(" AND ").Add(filter);
    }

    /// <summary>Rows of a table, in whose order ties follow: its file never changes, and its order is part of what it promises.</summary>
    public sealed record Table : RowSource
    {
        public required string Name { get; init; }

        /// <summary><c>target_</c>, <c>source_</c> or "".</summary>
        public required string End { get; init; }

        /// <summary>What else must hold.</summary>
        public string? Where { get; init; }

        /// <summary>Where only what is live counts; null where time means nothing.</summary>
        public string? Live { get; init; }

        public string FirstSeen { get; init; } = "first_seen";

        /// <summary>Dates say when a row came or went, not when it was first seen.</summary>
        public bool Changes { get; init; }

        public override string Key => "rowid";

        public override void From(SqlText sql, RowScope scope, RowTime time, Filter? filter)
        {
            if (time.Aggregation is null)
                Rows(sql, scope, time, filter);
            else
            {
                sql.Add($"{Name} JOIN (SELECT max_by({Name}.rowid, coalesce(rank_passed, -1)) AS best, count(*) AS group_size FROM ");
                Rows(sql, scope, time, filter);
                sql.Add($" GROUP BY {time.Aggregation}) strongest ON {Name}.rowid = strongest.best WHERE ");
                scope.Where(sql, End); // said again, for rowids alone lead to no row group
            }
        }

        public override void Count(SqlText sql, RowScope scope, RowTime time, Filter? filter)
        {
            sql.Add(time.Aggregation is null ? "SELECT count(*) FROM " : $"SELECT count(DISTINCT {time.Aggregation}) FROM ");
            Rows(sql, scope, time, filter);
        }

        private void Rows(SqlText sql, RowScope scope, RowTime time, Filter? filter)
        {
            scope.Where(sql.Add($"{Name} WHERE "), End);
            if (Where is not null)
                sql.Add(" AND ").Add(Where);
            if (Changes)
            {
                sql.Add(" AND ((first_seen >= ").Value(time.From!).Add(" AND first_seen < ").Value(time.Below!).Add(") OR (lost_at >= ").Value(time.From!).Add(" AND lost_at < ").Value(time.Below!).Add("))");
                And(sql, filter);
                return;
            }
            Of(sql, time, Live, "lost_at", FirstSeen);
            And(sql, filter);
        }
    }

    /// <summary>Pairs of domains: from <c>edges</c> where the target is all of one domain, else summed up from links.</summary>
    public sealed record Pairs : RowSource
    {
        /// <summary>Whether the target is linked to, or links.</summary>
        public required bool Incoming { get; init; }

        public override string Key => "other_no";

        public override void From(SqlText sql, RowScope scope, RowTime time, Filter? filter)
        {
            (string otherEnd, string end) = Incoming ? ("source", "target") : ("target", "source");
            const string counts = "links, dofollow_links, new_links, lost_links, first_seen, last_seen, lost_at, rank_passed";
            if (Incoming && scope is { Domain: { } whole, InIndex: true }) // side by side in the file, with all that is told of them: no join
                sql.Add($"(SELECT source_no AS other_no, domain_from AS domain, domain_rating_source AS domain_rating, topic_source AS topic, spam_score_source AS spam_score, spam_cluster_source AS spam_cluster_id, "
                    + $"dofollow_linked_domains_source AS dofollow_linked_domains, {counts} FROM edges WHERE target_no = ").Add(whole).Add(") pairs WHERE true");
            else
            {
                sql.Add("(SELECT e.*, d.name AS domain, d.domain_rating, d.topic, d.spam_score, d.spam_cluster_id, d.dofollow_linked_domains FROM (");
                if (scope is { Domain: { } domain, InIndex: true }) // all over the file: numbers alone are read, for a text costs its 2,048 neighbours
                    sql.Add($"SELECT {otherEnd}_no AS other_no, {counts} FROM edges WHERE {end}_no = ").Add(domain);
                else
                {
                    sql.Add($"SELECT {otherEnd}_domain_no AS other_no, count(*) FILTER (NOT is_lost) AS links, count(*) FILTER (NOT is_lost AND is_dofollow) AS dofollow_links, "
                        + "count(*) FILTER (is_new) AS new_links, count(*) FILTER (is_lost) AS lost_links, min(first_seen) AS first_seen, max(last_seen) AS last_seen, "
                        + "CASE WHEN bool_and(is_lost) THEN max(lost_at) END AS lost_at, sum(rank_passed) AS rank_passed FROM links WHERE ");
                    scope.Where(sql, end + "_").Add($" AND is_ranked AND NOT is_internal GROUP BY {otherEnd}_domain_no");
                }
                sql.Add(") e JOIN domains d ON d.\"no\" = e.other_no) pairs WHERE true");
            }
            Of(sql, time, "links > 0", "lost_at", "first_seen");
            And(sql, filter);
        }

        public override void Count(SqlText sql, RowScope scope, RowTime time, Filter? filter)
        {
            if (filter is null && scope is { Domain: { } domain, InIndex: true })
            {
                sql.Add($"SELECT count(*) FROM edges WHERE {(Incoming ? "target" : "source")}_no = ").Add(domain);
                Of(sql, time, "links > 0", "lost_at", "first_seen");
            }
            else
                base.Count(sql, scope, time, filter);
        }
    }

    /// <summary>Links grouped by a value.</summary>
    public sealed record Groups : RowSource
    {
        /// <summary><c>target_</c> or <c>source_</c>.</summary>
        public required string End { get; init; }

        /// <summary>By what, and its name.</summary>
        public required string By { get; init; }

        public required string As { get; init; }

        /// <summary>Which links.</summary>
        public required string Where { get; init; }

        /// <summary>What else is told of a group, beside links, dofollow_links, lost_links, first_seen, last_seen and lost_at.</summary>
        public required string More { get; init; }

        public override string Key => As;

        public override void From(SqlText sql, RowScope scope, RowTime time, Filter? filter)
        {
            sql.Add($"(SELECT {By} AS {As}, count(*) FILTER (NOT is_lost) AS links, count(*) FILTER (NOT is_lost AND is_dofollow) AS dofollow_links, count(*) FILTER (is_lost) AS lost_links, "
                + "min(first_seen) AS first_seen, max(last_seen) AS last_seen, CASE WHEN bool_and(is_lost) THEN max(lost_at) END AS lost_at, " + More + " FROM links WHERE ");
            scope.Where(sql, End).Add($" AND {Where} GROUP BY 1) grouped WHERE true");
            Of(sql, time, "links > 0", "lost_at", "first_seen");
            And(sql, filter);
        }
    }

    private static void Of(SqlText sql, RowTime time, string? live, string lostAt, string firstSeen)
    {
        if (live is not null && !time.All)
        {
            if (time.Since is { } since)
                sql.Add($" AND ({live} OR {lostAt} >= ").Value(since).Add(")");
            else
                sql.Add($" AND {live}");
        }
        if (time.From is { } from)
            sql.Add($" AND {firstSeen} >= ").Value(from);
        if (time.Below is { } below)
            sql.Add($" AND {firstSeen} < ").Value(below);
    }
}
