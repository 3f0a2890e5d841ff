-- The extension, and tables that the other files use.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS insitu CASCADE;
RESET client_min_messages;
CREATE EXTENSION insitu;
SELECT insitu.version() = extversion FROM pg_extension WHERE extname = 'insitu';

-- Every aggregate can be combined, sent to another process and run in parallel, as everything that rows go through.
SELECT p.proname FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid
 WHERE p.pronamespace = 'insitu'::regnamespace
   AND (a.aggcombinefn = 0 OR a.aggserialfn = 0 OR a.aggdeserialfn = 0 OR p.proparallel <> 's');
SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'insitu'::regnamespace AND p.proparallel <> 's' ORDER BY 1;
-- Every object says what it is for, but for the parts of types, casts and aggregates.
SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'insitu'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL
   AND p.proname !~ '^(state|model|rollup|coef|glance)_' ORDER BY 1;

-- y is 1 + 2 x but for u; f has three levels, the last without rows when id <= 60.
CREATE TYPE insitu_day AS ENUM ('mon', 'tue', 'wed');
CREATE TABLE insitu_rows AS
  SELECT id, x, 1 + 2 * x + u AS y, x::numeric(12, 4) AS x_numeric,
         CASE id % 3 WHEN 0 THEN 'a' WHEN 1 THEN 'b' ELSE CASE WHEN id > 60 THEN 'c' ELSE 'a' END END AS f,
         (ARRAY['mon', 'tue', 'wed'])[1 + id % 3]::insitu_day AS day, id % 4 AS g, 1 + id % 2 AS w
    FROM (SELECT id, (id * 37 % 101)::float8 AS x, ((id * 53 % 17) - 8)::float8 AS u FROM generate_series(1, 120) id) t;
