-- States: laws that hold for any analysis, seen from SQL.
\set VERBOSITY terse
CREATE TABLE insitu_specs AS SELECT insitu.spec('y ~ x + f', 'insitu_rows') AS spec;
SELECT insitu.columns(spec) FROM insitu_specs;

-- No rows are no state.
SELECT insitu.state((SELECT spec FROM insitu_specs), y, x, f) IS NULL FROM insitu_rows WHERE false;
SELECT insitu.rollup(NULL::insitu.state) IS NULL;

-- Parts merge to the whole, in any order; the rows as columns, as a row and as a table's row are the same.
CREATE TABLE insitu_days AS
  SELECT g AS day, insitu.state((SELECT spec FROM insitu_specs), y, x, f) AS state FROM insitu_rows GROUP BY g;
CREATE FUNCTION insitu_estimates(insitu.state) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(term || ' ' || round(estimate::numeric, 9) || ' ' || round(std_error::numeric, 9), ', ')
    FROM insitu.coef(insitu.finalize($1)) $$;
SELECT count(DISTINCT insitu_estimates(s)) FROM (
  SELECT insitu.state((SELECT spec FROM insitu_specs), y, x, f) AS s FROM insitu_rows
  UNION ALL SELECT insitu.state((SELECT spec FROM insitu_specs), ROW(y, x, f)) FROM insitu_rows
  UNION ALL SELECT insitu.state((SELECT spec FROM insitu_specs), r) FROM insitu_rows r
  UNION ALL SELECT insitu.state((SELECT spec FROM insitu_specs), q) FROM (SELECT f, y, x FROM insitu_rows) q
  UNION ALL SELECT insitu.rollup(state) FROM insitu_days
  UNION ALL SELECT insitu.rollup(state ORDER BY day DESC) FROM insitu_days) t;
SELECT state::json ->> 'rows' AS rows, state::json -> 'levels' AS levels FROM insitu_days ORDER BY day;

-- One model for each group, against the same model of the group alone.
SELECT g, insitu_estimates(insitu.state((SELECT spec FROM insitu_specs), y, x, f)) =
          (SELECT string_agg(term || ' ' || round(estimate::numeric, 9) || ' ' || round(std_error::numeric, 9), ', ')
             FROM insitu.coef(insitu.lm('y ~ x + f', 'SELECT * FROM insitu_rows WHERE g = ' || g, "precision" => 'double')))
  FROM insitu_rows GROUP BY g ORDER BY g;
SELECT count(*) FROM (SELECT g, f, insitu.state((SELECT insitu.spec('y ~ x', 'insitu_rows')), y, x) AS s FROM insitu_rows
                       GROUP BY GROUPING SETS ((g), (f), ())) t WHERE s IS NOT NULL;
SELECT insitu.state((SELECT spec FROM insitu_specs), y, x, f) OVER (ORDER BY id) IS NOT NULL AS windowed
  FROM insitu_rows WHERE id <= 2 ORDER BY id;

-- A spec for each of many groups: blanks make others of the same meaning.
CREATE TABLE insitu_own AS
  SELECT k, insitu.state(spec || convert_to(repeat(' ', k), 'UTF8'), y, x, f) AS state
    FROM insitu_rows, insitu_specs, generate_series(1, 40) k GROUP BY k;
SELECT count(*) AS groups, count(DISTINCT state::bytea) AS states, count(DISTINCT insitu_estimates(state)) AS models FROM insitu_own;
SELECT count(insitu.finalize(state)) FROM insitu_own, generate_series(1, 2);
SELECT insitu.rollup(state) IS NULL FROM insitu_own;

-- Levels that only one day has are united.
SELECT array_agg(term) FROM insitu.coef(insitu.finalize((
  SELECT insitu.rollup(s) FROM (SELECT insitu.state((SELECT spec FROM insitu_specs), y, x, f) AS s FROM insitu_rows
                                 GROUP BY id > 60) t)));

-- A spec of constants is made once, when the query is planned, and again when a table behind it changes.
EXPLAIN (VERBOSE, COSTS off) SELECT insitu.columns(insitu.spec('y ~ x', 'insitu_rows', NULL::text)) FROM insitu_rows WHERE id = 1;
CREATE TABLE insitu_later AS SELECT y, x::text AS x FROM insitu_rows;
PREPARE later AS SELECT insitu.spec('y ~ x', 'insitu_later') AS spec FROM insitu_rows WHERE id = 1;
SET plan_cache_mode = force_generic_plan;
EXECUTE later \gset old_
ALTER TABLE insitu_later ALTER x TYPE float8 USING x::float8;
EXECUTE later \gset new_
RESET plan_cache_mode;
SELECT :'old_spec' = :'new_spec' AS same, position('"factor"' IN convert_from(:'old_spec', 'UTF8')) > 0 AS was_text,
       position('"factor"' IN convert_from(:'new_spec', 'UTF8')) > 0 AS is_text;
DROP TABLE insitu_later;
SELECT insitu.spec(NULL, 'insitu_rows') FROM insitu_rows WHERE false;
SELECT count(*) FROM insitu_rows WHERE id < 0 AND insitu.spec('y ~ x', 'insitu_row') IS NULL;

-- So are labels that an enum gets after the spec was made: after those that it had.
CREATE TYPE insitu_size AS ENUM ('small', 'large', 'never');
CREATE TABLE insitu_sizes AS SELECT i, (i * i % 7)::float8 AS y, CASE i % 2 WHEN 0 THEN 'small' ELSE 'large' END::insitu_size AS size
  FROM generate_series(1, 20) i;
CREATE TABLE insitu_size_states AS WITH s AS MATERIALIZED (SELECT insitu.spec('y ~ size', 'insitu_sizes') AS spec)
  SELECT spec, insitu.state((SELECT spec FROM s), y, size) AS state FROM insitu_sizes, s GROUP BY spec;
ALTER TYPE insitu_size ADD VALUE 'huge' BEFORE 'small';
INSERT INTO insitu_sizes SELECT i, i, 'huge' FROM generate_series(21, 25) i;
INSERT INTO insitu_size_states
  SELECT spec, (SELECT insitu.state((SELECT spec FROM insitu_size_states), y, size) FROM insitu_sizes WHERE i > 20) FROM insitu_size_states;
SELECT term, estimate IS NULL AS dropped FROM insitu.coef(insitu.finalize((SELECT insitu.rollup(state) FROM insitu_size_states)));
SELECT (insitu.rollup(state))::json ->> 'rows' AS rows, (insitu.rollup(state))::json -> 'levels' AS levels FROM insitu_size_states;

-- Types check what they are given.
SELECT state = state::text::insitu.state::bytea::insitu.state::bytea FROM (SELECT state::bytea FROM insitu_days LIMIT 1) t (state)
 WHERE false;
SELECT (state::text)::insitu.state::bytea = state::bytea AND (state::bytea)::insitu.state::bytea = state::bytea
  FROM insitu_days LIMIT 1;
SELECT '\x00'::insitu.state;
SELECT ''::insitu.model;
SELECT state::bytea::insitu.model IS NULL FROM insitu_days LIMIT 1;
