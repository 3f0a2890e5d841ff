-- Models from SQL, against PostgreSQL's own regression aggregates.
\set VERBOSITY terse
SELECT insitu.lm('y ~ x', 'insitu_rows') AS m \gset
SELECT abs(c.estimate - r.slope) < 1e-12 * abs(r.slope) AS slope, abs(i.estimate - r.intercept) < 1e-12 * abs(r.intercept) AS intercept,
       abs(g.r_squared - r.r2) < 1e-13 AS r2, g.nobs = r.n AS n,
       abs(g.sigma - sqrt((r.syy - r.sxy ^ 2 / r.sxx) / (r.n - 2))) < 1e-11 * g.sigma AS sigma,
       abs(c.std_error - sqrt((r.syy - r.sxy ^ 2 / r.sxx) / (r.n - 2) / r.sxx)) < 1e-11 * c.std_error AS std_error
  FROM insitu.coef(:'m') c, insitu.coef(:'m') i, insitu.glance(:'m') g,
       (SELECT regr_slope(y, x) AS slope, regr_intercept(y, x) AS intercept, regr_r2(y, x) AS r2, regr_count(y, x) AS n,
               regr_sxx(y, x) AS sxx, regr_syy(y, x) AS syy, regr_sxy(y, x) AS sxy FROM insitu_rows) r
 WHERE c.term = 'x' AND i.term = '(Intercept)';
-- t with 10 degrees of freedom: 2.228138851964939 (0.975), 1.812461122811676 (0.95).
SELECT round(((conf_high - estimate) / std_error)::numeric, 9), round(((estimate - c90) / std_error)::numeric, 9)
  FROM insitu.coef(insitu.lm('y ~ x', 'SELECT * FROM insitu_rows WHERE id <= 12')) c95
  JOIN (SELECT term, conf_low AS c90 FROM insitu.coef(insitu.lm('y ~ x', 'SELECT * FROM insitu_rows WHERE id <= 12'), 0.9)) c USING (term)
 WHERE term = 'x';
SELECT * FROM insitu.coef(:'m', 1.5);

-- Weights: whole ones count rows.
SELECT abs(a.estimate - b.estimate) < 1e-12 AS same, abs(a.std_error - b.std_error) < 1e-12 AS same_error
  FROM insitu.coef(insitu.lm('y ~ x', 'insitu_rows', fweights => 'w')) a
  JOIN insitu.coef(insitu.lm('y ~ x', 'SELECT * FROM insitu_rows UNION ALL SELECT * FROM insitu_rows WHERE w = 2')) b USING (term);
SELECT count(*) FROM insitu.coef(insitu.lm('y ~ x + day', 'insitu_rows', pweights => 'w', drop_first => true)) WHERE estimate IS NULL;

-- An enum's levels keep their order and their empty ones; text is sorted.
SELECT term, estimate IS NULL AS dropped FROM insitu.coef(insitu.lm('y ~ day', 'SELECT * FROM insitu_rows WHERE day <> ''tue'''));

-- Names as strange as SQL allows.
CREATE TABLE "in situ; DROP" AS SELECT y AS "Ä ""y""", x AS "x'; --", f AS "🌍" FROM insitu_rows;
SELECT term FROM insitu.coef(insitu.lm('`Ä "y"` ~ `x''; --` + `🌍`', '"in situ; DROP"'));

-- What cannot be.
SELECT insitu.lm('y ~ x', 'insitu_row');
SELECT insitu.lm('y ~ x', 'no such table');
SELECT insitu.lm('y ~ xx', 'insitu_rows');
SELECT insitu.lm('y ~ ', 'insitu_rows');
SELECT insitu.lm('y ~ x', 'SELECT 1; SELECT 2');
SELECT insitu.lm('y ~ x', 'DELETE FROM insitu_rows');
SELECT insitu.lm('y ~ x', 'WITH gone AS (DELETE FROM insitu_rows RETURNING *) SELECT * FROM gone');
SELECT insitu.lm('y ~ x', 'SELECT * FROM insitu_rows WHERE false');
SELECT insitu.lm('y ~ x', 'SELECT y, NULL::float8 AS x FROM insitu_rows');
SELECT insitu.lm(NULL, 'insitu_rows');
SELECT insitu.lm('y ~ x', 'insitu_rows', pweights => 'ww');
SELECT insitu.lm('y ~ x', 'SELECT *, -1 AS neg FROM insitu_rows', pweights => 'neg');
SELECT insitu.lm('y ~ x', 'insitu_rows', "precision" => 'triple');
SELECT insitu.finalize(insitu.state(convert_to(replace(convert_from(spec, 'utf8'), '"fit"', '"fat"'), 'utf8'), y, x, f))
  FROM insitu_rows, insitu_specs;
