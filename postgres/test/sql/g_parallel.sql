-- Parallel plans give the same, also where most workers see no row.
\set VERBOSITY terse
CREATE TABLE insitu_large AS SELECT r.* FROM insitu_rows r, generate_series(1, 100);
ANALYZE insitu_large;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 4;
CREATE FUNCTION insitu_plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
    IF line ~ 'Partial|Finalize' THEN RETURN NEXT trim(regexp_replace(line, '->', '')); END IF;
  END LOOP;
END $$;
SELECT * FROM insitu_plan('SELECT insitu.state((SELECT spec FROM insitu_specs), y, x, f) FROM insitu_large');
SELECT * FROM insitu_plan('SELECT g, insitu.state((SELECT spec FROM insitu_specs), y, x, f) FROM insitu_large GROUP BY g');
CREATE TABLE insitu_compared AS
  SELECT 'parallel' AS how, insitu_estimates(insitu.state((SELECT spec FROM insitu_specs), y, x, f)) AS e FROM insitu_large
  UNION ALL SELECT 'few rows', insitu_estimates(insitu.state((SELECT spec FROM insitu_specs), y, x, f)) FROM insitu_large WHERE id = 60 OR id < 20;
INSERT INTO insitu_compared
  SELECT 'groups', string_agg(e, '; ' ORDER BY g)
    FROM (SELECT g, insitu_estimates(insitu.state((SELECT spec FROM insitu_specs), y, x, f)) AS e FROM insitu_large GROUP BY g) t;
SET max_parallel_workers_per_gather = 0;
SELECT 'parallel', e = (SELECT insitu_estimates(insitu.state((SELECT spec FROM insitu_specs), y, x, f)) FROM insitu_large) FROM insitu_compared WHERE how = 'parallel'
UNION ALL SELECT 'few rows', e = (SELECT insitu_estimates(insitu.state((SELECT spec FROM insitu_specs), y, x, f)) FROM insitu_large WHERE id = 60 OR id < 20)
  FROM insitu_compared WHERE how = 'few rows'
UNION ALL SELECT 'groups', e = (SELECT string_agg(e, '; ' ORDER BY g)
    FROM (SELECT g, insitu_estimates(insitu.state((SELECT spec FROM insitu_specs), y, x, f)) AS e FROM insitu_large GROUP BY g) t)
  FROM insitu_compared WHERE how = 'groups';
-- No row anywhere, and a hash table that spills.
SET max_parallel_workers_per_gather = 4;
SELECT insitu.state((SELECT spec FROM insitu_specs), y, x, f) IS NULL FROM insitu_large WHERE y > 1e9;
SET work_mem = '64kB';
SELECT count(*), sum((insitu.state((SELECT spec FROM insitu_specs), y, x, f)::json ->> 'rows')::int) OVER () > 0 FROM insitu_large WHERE false GROUP BY g;
SELECT count(*), sum((s::json ->> 'rows')::int)
  FROM (SELECT g, insitu.state((SELECT spec FROM insitu_specs), y, x, f) AS s FROM (SELECT *, id AS k FROM insitu_large) t GROUP BY g, k) q;
RESET work_mem;
-- Partitioned tables: states of partitions are merged.
CREATE TABLE insitu_parts (LIKE insitu_rows) PARTITION BY RANGE (id);
CREATE TABLE insitu_part1 PARTITION OF insitu_parts FOR VALUES FROM (0) TO (50);
CREATE TABLE insitu_part2 PARTITION OF insitu_parts FOR VALUES FROM (50) TO (1000);
INSERT INTO insitu_parts SELECT * FROM insitu_rows;
SET enable_partitionwise_aggregate = on;
SELECT insitu_estimates(insitu.state((SELECT spec FROM insitu_specs), y, x, f)) =
       (SELECT insitu_estimates(insitu.state((SELECT spec FROM insitu_specs), y, x, f)) FROM insitu_rows) FROM insitu_parts;
