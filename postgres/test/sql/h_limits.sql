-- Limits that the administrator or the user sets, and those of PostgreSQL.
\set VERBOSITY terse
-- 98 columns one by one, 1,600 as a row.
CREATE FUNCTION insitu_wide(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE names text := (SELECT string_agg('c' || i, ' + ' ORDER BY i) FROM generate_series(1, n - 1) i);
        items text := (SELECT string_agg('sin(id * ' || i || ')::float8 AS c' || i, ', ' ORDER BY i) FROM generate_series(1, n - 1) i);
        m insitu.model;
BEGIN
  m := insitu.lm('y ~ ' || names, 'SELECT y, ' || items || ' FROM insitu_rows', "precision" => 'double-double');
  RETURN (m::json ->> 'n_valid_obs') || ' rows, rank ' || (m::json ->> 'rank');
END $$;
SELECT insitu_wide(98);
SELECT insitu_wide(99);
SELECT insitu_wide(1600);

SET insitu.max_state_mb = 1;
SELECT insitu_wide(400);
-- How large a state is when it is measured depends on how the server's memory grows.
CREATE FUNCTION insitu_told(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  RETURN 'nothing';
EXCEPTION WHEN configuration_limit_exceeded THEN
  RETURN regexp_replace(SQLERRM, 'takes [12]\.\d MB', 'takes 1 or 2 MB');
END $$;
SELECT insitu_told($$SELECT insitu.lm('y ~ t', 'SELECT y, repeat(md5((id * 1000 + k)::text), 4) AS t FROM insitu_rows, generate_series(1, 200) k')$$);
-- Of merged states, and of groups in a hash table once they are to be stored.
CREATE TEMP TABLE insitu_long AS SELECT g % 8 AS g, g::float8 AS y, md5(g::text) || repeat('x', 100) AS t FROM generate_series(1, 16000) g;
SELECT insitu.state((SELECT insitu.spec('y ~ t', 'insitu_long')), y, t) IS NULL AS too_large FROM insitu_long WHERE g = 1;
SELECT insitu_told($$SELECT insitu.rollup(s) FROM (SELECT insitu.state((SELECT insitu.spec('y ~ t', 'insitu_long')), y, t) AS s FROM insitu_long GROUP BY g) q$$);
SELECT count(s) FROM (SELECT insitu.state((SELECT insitu.spec('y ~ t', 'insitu_long')), y, t) AS s FROM insitu_long GROUP BY g % 2) q;
SET enable_sort = off;
SELECT insitu.rollup(s) IS NULL FROM (SELECT g, insitu.state((SELECT insitu.spec('y ~ t', 'insitu_long')), y, t) AS s FROM insitu_long GROUP BY g) q
 GROUP BY g % 2;
RESET enable_sort;
RESET insitu.max_state_mb;
SET insitu.max_seconds = 1;
SELECT count(insitu.predict((SELECT insitu.lm('y ~ x', 'insitu_rows')), x)) FROM insitu_rows, generate_series(1, 3000000);
SELECT insitu.state((SELECT spec FROM insitu_specs), y, x, f) IS NULL
  FROM insitu_rows, generate_series(1, 100000) k, LATERAL (SELECT pg_sleep(0.0000001 * k)) p WHERE k > 0;
RESET insitu.max_seconds;
SET statement_timeout = '300ms';
SELECT insitu.state((SELECT spec FROM insitu_specs), y, x, f) IS NULL FROM insitu_rows, generate_series(1, 1000000) k;
RESET statement_timeout;

-- Small cells.
SET insitu.min_cell = 10;
SELECT insitu.lm('y ~ x', 'insitu_rows') IS NOT NULL AS fine;
SELECT insitu.lm('y ~ f', 'insitu_rows') IS NOT NULL AS fine;
SELECT insitu.lm('y ~ f + F(id)', 'insitu_rows');
SELECT insitu.lm('y ~ f', 'insitu_rows', pweights => 'w');
SELECT id, insitu.state((SELECT insitu.spec('y ~ x', 'insitu_rows')), y, x) FROM insitu_rows GROUP BY id;
CREATE ROLE insitu_user;
GRANT SELECT ON insitu_rows TO insitu_user;
SET ROLE insitu_user;
SET insitu.min_cell = 0;
SELECT insitu.lm('y ~ x', 'insitu_large');
RESET ROLE;
RESET insitu.min_cell;
-- Row-level security as it stands for the caller.
ALTER TABLE insitu_rows ENABLE ROW LEVEL SECURITY;
CREATE POLICY half ON insitu_rows FOR SELECT TO insitu_user USING (id <= 60);
SET ROLE insitu_user;
SELECT insitu.lm('y ~ x', 'insitu_rows')::json ->> 'n_valid_obs' AS seen;
RESET ROLE;
DROP POLICY half ON insitu_rows;
ALTER TABLE insitu_rows DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON insitu_rows FROM insitu_user;
DROP ROLE insitu_user;
