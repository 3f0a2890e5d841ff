-- Rows that are null, fields called f1, f2, …, data that may not be read, and other edges.
SET client_min_messages = warning;
CREATE SCHEMA edges;
SET search_path = edges;
CREATE TABLE cr AS SELECT g % 3 AS day, sin(g) * g AS y, g::float8 AS x, (array['a', 'b', 'c'])[1 + g % 3] AS c
  FROM generate_series(1, 60) g;

-- A null row is a row whose values are missing, wherever it comes.
CREATE VIEW with_null AS SELECT 1 AS k, NULL::cr AS q UNION ALL SELECT 1, cr FROM cr;
CREATE FUNCTION slope(insitu.state) RETURNS numeric LANGUAGE sql
  RETURN (SELECT round(estimate::numeric, 6) FROM insitu.coef(insitu.finalize($1)) WHERE term = 'x');
SELECT slope(insitu.state(insitu.spec('y ~ x', 'cr'), cr)) AS expected FROM cr;
SELECT slope(insitu.state(insitu.spec('y ~ x', 'cr'), q)) FROM with_null;
SET enable_sort = off;
SELECT k, slope(insitu.state(insitu.spec('y ~ x', 'cr'), q)) FROM with_null GROUP BY k;
RESET enable_sort;
SELECT slope(insitu.state(insitu.spec('y ~ x', 'cr'), r)) FROM generate_series(-5, 60) g LEFT JOIN cr r ON r.x = g;
SELECT insitu.state(insitu.spec('y ~ x', 'cr'), NULL::cr) IS NOT NULL AS counted FROM cr;
SELECT insitu.state(insitu.spec('y ~ x', 'cr'), NULL::record) FROM cr;

-- A table's columns are found by name, whatever their names are.
CREATE TABLE f12 (f1 float8, f2 float8);
INSERT INTO f12 SELECT g, 3 * g FROM generate_series(1, 100) g;
SELECT term, round(estimate::numeric, 6) AS estimate
  FROM insitu.coef((SELECT insitu.finalize(insitu.state(insitu.spec('f2 ~ f1', 'f12'), t)) FROM f12 t));
SELECT insitu.state(insitu.spec('f2 ~ f1', 'f12'), ROW(f2, f1)) FROM f12;
SELECT insitu.state(insitu.spec('y ~ x', 'cr'), ROW(y)) FROM cr;
SELECT insitu.state(insitu.spec('y ~ x', 'cr'), ROW(y, x, c)) FROM cr;

-- What the planner knows of rows is for those who may read them.
CREATE TABLE secret AS SELECT g AS id, (g % 10 = 0)::int AS flag, g::float8 AS v FROM generate_series(1, 1000) g;
ANALYZE secret;
CREATE ROLE edges_reader;
GRANT USAGE ON SCHEMA edges, insitu TO edges_reader;
SET ROLE edges_reader;
SELECT insitu.spec('v ~ id', 'select * from edges.secret where flag = 1');
SELECT insitu.spec('v ~ id', 'secret');
SELECT insitu.lm('v ~ id', 'secret');
RESET ROLE;
DROP OWNED BY edges_reader;
DROP ROLE edges_reader;

-- Timestamps that cannot be counted in microseconds since 1970.
SELECT insitu.lm('y ~ t', 'SELECT g::float8 AS y, timestamp ''294276-01-01'' + g * interval ''1 day'' AS t FROM generate_series(1, 20) g');

-- SQL of models of dates and timestamps takes them as they are.
CREATE TABLE td AS SELECT g + g % 3 AS y, date '2024-01-01' + g AS d, timestamp '2024-01-01 12:34:56.789' + g * interval '1 hour' AS t,
  timestamptz '2024-01-01 12:34:56.789+02' + g * interval '1 hour' AS z FROM generate_series(1, 20) g;
CREATE FUNCTION agree(f text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE m insitu.model := insitu.lm(f, 'td');
        agree boolean;
BEGIN
  EXECUTE format('SELECT bool_and(abs(%s - insitu.predict($1, td)) < 1e-6) FROM td', insitu.to_sql(m)) INTO agree USING m;
  RETURN agree;
END $$;
SELECT f, agree(f) FROM (VALUES ('y ~ d'), ('y ~ t'), ('y ~ z'), ('y ~ I(d - 19000)'), ('y ~ F(d, 19724, 19730)')) v (f);
-- The size of a state is its own.
CREATE TABLE yx AS SELECT g::float8 AS x, 2 * g + sin(g) AS y FROM generate_series(1, 20000) g;
SET insitu.max_state_mb = 1;
SELECT insitu.state(insitu.spec('y ~ x', 'yx'), y, x) IS NOT NULL AS made, cardinality(array_agg(x || repeat('q', 70))) FROM yx;
RESET insitu.max_state_mb;

-- The same spec, stored in several places.
CREATE TABLE specs (k int, spec bytea);
ALTER TABLE specs ALTER spec SET STORAGE EXTERNAL;
INSERT INTO specs SELECT k, insitu.spec('y ~ x', 'SELECT y, x, ' || (SELECT string_agg('x AS column_' || g, ', ') FROM generate_series(1, 60) g) || ' FROM cr')
  FROM generate_series(1, 3) k;
SELECT min(octet_length(spec)) > 2000 AS toasted, slope(insitu.state(spec, y, x)) FROM specs, cr;

-- How data may be written.
CREATE TABLE "Flights" AS SELECT * FROM cr;
SELECT count(*) FROM insitu.coef(insitu.lm('y ~ x', ' select * from cr; '));
SELECT count(*) FROM insitu.coef(insitu.lm('y ~ x', 'select*from cr'));
SELECT count(*) FROM insitu.coef(insitu.lm('y ~ x', '/* rows */ select * from cr -- all'));
SELECT count(*) FROM insitu.coef(insitu.lm('y ~ x', ' cr '));
SELECT count(*) FROM insitu.coef(insitu.lm('y ~ x', '"Flights"'));
SELECT insitu.lm('y ~ x', 'Flights');
SELECT insitu.lm('y ~ x', 'FLIGHTS');
SELECT insitu.spec('y ~ N(c)', 'cr');

-- A clock that is looked at before the first prediction.
SET insitu.max_seconds = 1;
SELECT pg_sleep(1.2), insitu.predict(insitu.lm('y ~ x', 'cr'), 1.0::float8) IS NULL;
RESET insitu.max_seconds;

SET search_path = public;
DROP SCHEMA edges CASCADE;
