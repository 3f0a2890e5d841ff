-- Generalised linear models from SQL alone.
\set VERBOSITY terse
-- Dobson (1990), p. 93: R prints -0.4543 and -0.2930 with errors 0.2022 and 0.1927, deviances 5.1291 and 10.5814.
CREATE TABLE insitu_trial AS
SELECT counts::float8, 'o' || (i % 3 + 1) AS outcome, 't' || (i / 3 + 1) AS treatment
  FROM unnest(ARRAY[18, 17, 15, 20, 10, 20, 25, 13, 12]) WITH ORDINALITY AS t (counts, k), LATERAL (SELECT (k - 1)::int AS i) n;
SELECT insitu.glm('counts ~ outcome + treatment', 'insitu_trial', 'poisson', drop_first => true) AS m \gset
SELECT term, round(estimate::numeric, 4) AS estimate, round(std_error::numeric, 4) AS std_error
  FROM insitu.coef(:'m') WHERE term LIKE 'outcome%';
SELECT round(deviance::numeric, 4) AS deviance, round(null_deviance::numeric, 4) AS null_deviance, df_residual, df_null, dispersion, nobs
  FROM insitu.glance(:'m');
-- With a factor alone, means are those of its levels.
SELECT g.outcome, abs(g.predicted / g.mean - 1) < 1e-9 AS same
  FROM (SELECT outcome, avg(counts) AS mean, avg(insitu.predict(m, outcome)) AS predicted
          FROM insitu_trial, insitu.glm('counts ~ outcome', 'insitu_trial', 'poisson') m GROUP BY outcome) g ORDER BY 1;

-- Two groups: 3 of 10 and 6 of 8; the log odds ratio and its error are closed forms.
CREATE TABLE insitu_events AS
SELECT (i < CASE g WHEN 'a' THEN 3 ELSE 6 END) AS event, g, i AS k, 2.0::float8 AS years
  FROM (VALUES ('a', 10), ('b', 8)) AS v (g, n), generate_series(0, n - 1) i;
SELECT abs(estimate - (ln(3) - ln(3.0 / 7))) < 1e-9 AS odds, abs(std_error - sqrt(1.0 / 3 + 1.0 / 7 + 1.0 / 6 + 1.0 / 2)) < 1e-5 AS error
  FROM insitu.coef(insitu.glm('event ~ g', 'insitu_events', 'binomial', drop_first => true)) WHERE term = 'g=b';
-- Shares with trials as weights are the same model.
SELECT abs(a.estimate - b.estimate) < 1e-9 AS same, abs(a.std_error - b.std_error) < 1e-7 AS same_error
  FROM insitu.coef(insitu.glm('event ~ g', 'insitu_events', 'binomial')) a
  JOIN insitu.coef(insitu.glm('share ~ g', 'SELECT g, avg(event::int)::float8 AS share, count(*)::float8 AS n FROM insitu_events GROUP BY g',
                              'binomial', pweights => 'n')) b USING (term);
-- Links, parameters, offsets, robust and clustered errors.
SELECT count(*) FROM insitu.coef(insitu.glm('event ~ g', 'insitu_events', 'binomial', 'probit')) WHERE std_error > 0;
SELECT abs(a.estimate - b.estimate) < 1e-9 AS theta_counts_nothing_for_means
  FROM insitu.coef(insitu.glm('counts ~ outcome', 'insitu_trial', 'negative.binomial', theta => 2.5)) a
  JOIN insitu.coef(insitu.glm('counts ~ outcome', 'insitu_trial', 'poisson')) b USING (term);
SELECT abs(a.estimate - b.estimate - CASE term WHEN '(Intercept)' THEN ln(2) ELSE 0 END) < 1e-9 AS rate
  FROM insitu.coef(insitu.glm('k ~ g', 'insitu_events', 'poisson')) a
  JOIN insitu.coef(insitu.glm('k ~ g', 'insitu_events', 'poisson', exposure => 'years')) b USING (term);
SELECT term, count(DISTINCT std_error) AS errors
  FROM (SELECT * FROM insitu.coef(insitu.glm('k ~ g', 'insitu_events', 'Tweedie', 'log', "power" => 1.5))
        UNION ALL SELECT * FROM insitu.coef(insitu.glm('k ~ g', 'insitu_events', 'Tweedie', 'log', "power" => 1.5, cov_type => 'HC1'))
        UNION ALL SELECT * FROM insitu.coef(insitu.glm('k ~ g', 'insitu_events', 'Tweedie', 'log', "power" => 1.5, cluster => ARRAY['k']))) c
 WHERE std_error IS NOT NULL GROUP BY term ORDER BY term;

-- What cannot be.
SELECT insitu.glm('k ~ g', 'insitu_events', 'poison');
SELECT insitu.glm('k ~ g', 'insitu_events', 'poisson', 'probit');
SELECT insitu.glm('k ~ g', 'insitu_events', 'binomial');
SELECT insitu.glm('k ~ g', 'insitu_events', 'poisson', cluster => ARRAY['kk']);
SELECT insitu.glm('k ~ g', 'insitu_events', 'poisson', cov_type => 'HC9');
SELECT insitu.glm('k ~ g', 'insitu_events', 'poisson', cluster => ARRAY[NULL::text]);
SELECT insitu.glm('k ~ g', 'insitu_events', NULL);
SELECT insitu.glm('k ~ g', 'insitu_events', 'poisson', exposure => 'k');
SELECT count(*) FROM insitu.coef(insitu.glm('k ~ g + years', 'SELECT k, g, random() AS years FROM insitu_events', 'poisson', max_iterations => 1));
DROP TABLE insitu_trial, insitu_events;
