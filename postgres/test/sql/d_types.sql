-- Every type of column, NULL, NaN and infinity.
\set VERBOSITY terse
CREATE DOMAIN insitu_distance AS float8 CHECK (VALUE > -1000);
CREATE TABLE insitu_types AS
  SELECT y, x AS f8, x::float4 AS f4, x::int8 AS i8, x::int4 AS i4, x::int2 AS i2, x::numeric AS num, x::insitu_distance AS dom,
         date '1970-01-01' + x::int AS d, timestamp '1970-01-01' + x * interval '1 second' AS ts,
         timestamptz '1970-01-01 00:00:00+00' + x * interval '1 second' AS tstz,
         f AS t, f::varchar AS vc, f::char(5) AS c, f::name AS n, f = 'b' AS bool, day AS e
    FROM insitu_rows;
CREATE FUNCTION insitu_slope(name text) RETURNS numeric LANGUAGE sql AS $$
  SELECT round(estimate::numeric, 10) FROM insitu.coef(insitu.lm('y ~ ' || name, 'insitu_types')) WHERE term = name $$;
SELECT n, insitu_slope(n) = (SELECT round(regr_slope(y, f8)::numeric, 10) FROM insitu_types) AS same
  FROM unnest('{f8,f4,i8,i4,i2,num,dom,d,ts,tstz}'::text[]) n;
SELECT n, (SELECT array_agg(term ORDER BY term) FROM insitu.coef(insitu.lm('y ~ ' || n, 'insitu_types')))
  FROM unnest('{t,vc,c,n,bool,e}'::text[]) n;
-- Groups' means are what a model of one factor predicts.
SELECT count(DISTINCT round((SELECT estimate FROM insitu.coef(insitu.lm('y ~ ' || n || ' - 1', 'insitu_types'))
                              WHERE term = n || '=a')::numeric, 10)) = 1
   AND min(round((SELECT estimate FROM insitu.coef(insitu.lm('y ~ ' || n || ' - 1', 'insitu_types'))
                   WHERE term = n || '=a')::numeric, 10)) = (SELECT round(avg(y)::numeric, 10) FROM insitu_types WHERE t = 'a')
  FROM unnest('{t,vc,c,n}'::text[]) n;

-- NULL and NaN are missing, in any type; infinity is an error that names the column.
SELECT m::json ->> 'n_valid_obs' AS valid, m::json ->> 'n_missing_obs' AS missing FROM (SELECT insitu.lm('y ~ f8 + t',
  'SELECT CASE WHEN i4 = 1 THEN NULL WHEN i4 = 2 THEN ''NaN'' ELSE y END AS y,
          CASE WHEN i4 = 3 THEN NULL ELSE f8 END AS f8, CASE WHEN i4 = 4 THEN NULL ELSE t END AS t FROM insitu_types')) t (m);
SELECT count(*) FILTER (WHERE i4 IN (1, 2, 3, 4)) AS missing FROM insitu_types;
SELECT m::json ->> 'n_missing_obs' AS missing FROM (SELECT insitu.lm('y ~ num',
  'SELECT y, CASE WHEN i4 = 1 THEN ''NaN''::numeric ELSE num END AS num FROM insitu_types')) t (m);
SELECT insitu.lm('y ~ f8', 'SELECT y, CASE WHEN i4 = 1 THEN ''Infinity'' ELSE f8 END AS f8 FROM insitu_types') IS NULL;
SELECT insitu.lm('y ~ num', 'SELECT y, CASE WHEN i4 = 1 THEN 1e400 ELSE num END AS num FROM insitu_types') IS NULL;
SELECT insitu.lm('y ~ num', 'SELECT y, CASE WHEN i4 = 1 THEN ''Infinity''::numeric ELSE num END AS num FROM insitu_types') IS NULL;
SELECT insitu.lm('y ~ d', 'SELECT y, CASE WHEN i4 = 1 THEN ''infinity'' ELSE d END AS d FROM insitu_types') IS NULL;
SELECT insitu.lm('y ~ ts', 'SELECT y, CASE WHEN i4 = 1 THEN ''-infinity'' ELSE ts END AS ts FROM insitu_types') IS NULL;

-- numeric becomes the nearest double, as PostgreSQL's own cast, for any weight, scale, sign and number of digits.
SELECT count(*) > 4000 AS many, count(*) FILTER (WHERE mean IS DISTINCT FROM n::float8) AS other
  FROM (SELECT n, (insitu.state('{"analysis": "summary", "spec": {"design": {"formula": "~ n", "columns": [{"name": "n", "kind": "numeric"}]}}}', n)
                     ::json -> 'terms' -> 0 ->> 'mean')::float8 AS mean
          FROM (SELECT DISTINCT s * round(i * 7919 % 100003 * 10::numeric ^ e / d, 40) AS n
                  FROM generate_series(0, 40) i, generate_series(-30, 30, 3) e, unnest('{1,-1}'::numeric[]) s,
                       unnest('{1,3,7,1024}'::numeric[]) d) v GROUP BY n) t;
-- What models cannot use.
SELECT insitu.state((SELECT insitu.spec('y ~ x', 'insitu_rows')), y, '1 day'::interval) FROM insitu_rows;
SELECT insitu.state((SELECT insitu.spec('y ~ x', 'insitu_rows')), y, ARRAY[x]) FROM insitu_rows;
SELECT insitu.state((SELECT insitu.spec('y ~ x', 'insitu_rows')), y, 'text') FROM insitu_rows;
SELECT insitu.state((SELECT insitu.spec('y ~ x', 'insitu_rows')), y, NULL) FROM insitu_rows;
SELECT insitu.state((SELECT insitu.spec('y ~ x', 'insitu_rows')), y, f) FROM insitu_rows;
SELECT insitu.state((SELECT insitu.spec('y ~ x + f', 'insitu_rows')), y, x, id) IS NOT NULL FROM insitu_rows;
SELECT insitu.state((SELECT insitu.spec('y ~ x', 'insitu_rows')), y) FROM insitu_rows;
SELECT insitu.state((SELECT insitu.spec('y ~ x', 'insitu_rows')), VARIADIC ARRAY[y, x]) FROM insitu_rows;
SELECT insitu.state((SELECT insitu.spec('y ~ x', 'insitu_rows')), q) FROM (SELECT y, f FROM insitu_rows) q;
