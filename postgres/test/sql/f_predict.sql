-- Predictions in SQL.
\set VERBOSITY terse
CREATE TABLE insitu_models AS
  SELECT 'line' AS name, insitu.lm('y ~ x', 'insitu_rows') AS model
  UNION ALL SELECT 'terms', insitu.lm('y ~ x * f + log(x + 1) + day', 'insitu_rows', "precision" => 'double-double');
-- Against the arithmetic written out.
SELECT max(abs(insitu.predict(model, x) - (a.estimate + b.estimate * x))) < 1e-10
  FROM insitu_rows, insitu_models, LATERAL (SELECT estimate FROM insitu.coef(model) WHERE term = '(Intercept)') a,
       LATERAL (SELECT estimate FROM insitu.coef(model) WHERE term = 'x') b WHERE name = 'line';
-- One by one, as a row, by the SQL that the model writes.
SELECT count(*) AS rows, count(*) FILTER (WHERE insitu.predict(model, x, f, day) = insitu.predict(model, r)) AS equal
  FROM insitu_rows r, insitu_models WHERE name = 'terms';
CREATE FUNCTION insitu_largest(difference text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE largest float8;
BEGIN
  EXECUTE format('SELECT max(abs(%s)) FROM insitu_rows r, insitu_models WHERE name = %L', difference, 'terms') INTO largest;
  RETURN largest;
END $$;
SELECT insitu_largest('insitu.predict(model, r) - (' || insitu.to_sql(model) || ')') < 1e-9 AS same FROM insitu_models WHERE name = 'terms';
-- Residuals of a least-squares fit sum to zero, and are uncorrelated with what it fits.
SELECT abs(avg(y - p)) < 1e-9 AS zero, abs(corr(y - p, x)) < 1e-9 AS uncorrelated
  FROM (SELECT y, x, insitu.predict(model, r) AS p FROM insitu_rows r, insitu_models WHERE name = 'terms') t;
-- Missing predictors, unseen levels and missing models predict nothing.
SELECT insitu.predict(model, NULL::float8) IS NULL AS missing, insitu.predict(NULL::insitu.model, 1) IS NULL AS no_model
  FROM insitu_models WHERE name = 'line';
SELECT insitu.predict(model, 1.0, 'zzz'::text, 'mon'::insitu_day) IS NULL AS unseen FROM insitu_models WHERE name = 'terms';
-- Any number type, and one model for each row.
SELECT count(DISTINCT insitu.predict(model, v.x)) FROM insitu_models, (VALUES (5)) v (x) WHERE name = 'line';
SELECT insitu.predict(model, 5::int2) = insitu.predict(model, 5.0::numeric) AS types FROM insitu_models WHERE name = 'line';
SELECT count(DISTINCT insitu.predict(m.model, r.x)) = count(DISTINCT (r.g, r.x)) AS by_group
  FROM insitu_rows r JOIN (SELECT g, insitu.lm('y ~ x', 'SELECT * FROM insitu_rows WHERE g = ' || g) AS model
                             FROM (SELECT DISTINCT g FROM insitu_rows) t) m USING (g);
-- More models than stay decoded, each again after all others; their lines are k apart.
CREATE TABLE insitu_many AS
  SELECT k, insitu.finalize(insitu.state(insitu.spec('y ~ x', 'insitu_rows'), y + k, x)) AS model
    FROM insitu_rows, generate_series(1, 1100) k WHERE id <= 10 GROUP BY k;
SELECT count(*) AS rows, max(p) - min(p) < 1e-8 AS same
  FROM (SELECT insitu.predict(model, 3.0) - k AS p
          FROM (SELECT * FROM insitu_many, generate_series(1, 2) again ORDER BY again, k) o) t;
-- One model after the other in a variable.
CREATE FUNCTION insitu_one_by_one() RETURNS text LANGUAGE plpgsql AS $$
DECLARE first float8; p float8; m insitu.model; result text := '';
BEGIN
  FOR i IN 1..4 LOOP
    m := (SELECT model FROM insitu_many WHERE k = i);
    p := insitu.predict(m, 3.0);
    first := coalesce(first, p);
    result := result || round(p - first) || ' ';
  END LOOP;
  RETURN result;
END $$;
SELECT insitu_one_by_one();
-- Any row function: standard errors too.
SELECT count(*) FILTER (WHERE o[2] > 0 AND abs(o[1] - insitu.predict(model, x)) < 1e-12) AS rows
  FROM (SELECT model, x, insitu.apply(convert_to('{"row_function": "linear_predict", "spec": {"std_errors": true, "model": ' || (model::json)::text || '}}', 'utf8'), x) AS o
          FROM insitu_rows, (SELECT insitu.lm('y ~ x', 'insitu_rows', cov_coef => true) AS model) m) t;
-- A view scores as it is read.
CREATE VIEW insitu_scored AS
  SELECT id, insitu.predict((SELECT model FROM insitu_models WHERE name = 'terms'), r) AS p FROM insitu_rows r;
SELECT count(p) FROM insitu_scored;

SELECT insitu.predict(model, x, x) FROM insitu_rows, insitu_models WHERE name = 'line';
SELECT insitu.predict(model, 'five') FROM insitu_models WHERE name = 'line';
SELECT insitu.predict(model, q) FROM (SELECT y FROM insitu_rows) q, insitu_models WHERE name = 'line';
SELECT insitu.predict('\x00'::bytea::insitu.model, 1);
SELECT insitu.apply('{"row_function": "none", "spec": {}}', 1);
SELECT insitu.to_sql(model, 'cobol') FROM insitu_models WHERE name = 'line';
