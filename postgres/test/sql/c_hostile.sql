-- Bytes from strangers are errors, and never more than that.
\set VERBOSITY terse
CREATE FUNCTION insitu_refused(bytes bytea, kind text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('SELECT $1::insitu.%s', kind) USING bytes;
  RETURN false;
EXCEPTION WHEN SQLSTATE 'IS003' OR SQLSTATE 'IS001' THEN RETURN true;
END $$;
-- Every shorter and longer text, and every flipped bit of the first 400 bytes and each seventh later.
SELECT count(*) - count(*) FILTER (WHERE insitu_refused(substr(s, 1, n), 'state')) AS taken
  FROM (SELECT state::bytea AS s FROM insitu_days WHERE day = 0) t, generate_series(0, length(s) - 1) n;
SELECT insitu_refused(state::bytea || '\x00', 'state') FROM insitu_days WHERE day = 0;
SELECT count(*) - count(*) FILTER (WHERE insitu_refused(set_bit(s, n, 1 - get_bit(s, n)), 'state')) AS taken
  FROM (SELECT state::bytea AS s FROM insitu_days WHERE day = 0) t, generate_series(0, 8 * length(s) - 1) n
 WHERE n < 3200 OR n % 7 = 0;
SELECT count(*) - count(*) FILTER (WHERE insitu_refused(substr(m, 1, n), 'model')) AS taken
  FROM (SELECT insitu.lm('y ~ x', 'insitu_rows')::bytea AS m) t, generate_series(0, length(m) - 1) n;
SELECT count(*) - count(*) FILTER (WHERE insitu_refused(set_bit(m, n, 1 - get_bit(m, n)), 'model')) AS taken
  FROM (SELECT insitu.lm('y ~ x', 'insitu_rows')::bytea AS m) t, generate_series(0, 8 * length(m) - 1, 3) n;
-- Lengths that promise more than there is.
SELECT count(*) - count(*) FILTER (WHERE insitu_refused(overlay(s PLACING '\xffffffffffffff7f'::bytea FROM n), 'state')) AS taken
  FROM (SELECT state::bytea AS s FROM insitu_days WHERE day = 0) t, generate_series(1, length(s) - 8) n;

-- Specs.
SELECT insitu.state('', x) FROM insitu_rows;
SELECT insitu.state('{"analysis": "nonsense", "spec": {}}', x) FROM insitu_rows;
SELECT insitu.state('{"analysis": "linear", "spec": 1}', x) FROM insitu_rows;
SELECT insitu.state('[1, 2]', x) FROM insitu_rows;
SELECT insitu.state('{"spec": {}}', x) FROM insitu_rows;
SELECT insitu.state(NULL, x) FROM insitu_rows;
SELECT insitu.state(spec, x, x, f) FROM insitu_rows, (VALUES (1), (2)) v (n),
       LATERAL (SELECT insitu.spec(CASE n WHEN 1 THEN 'y ~ x + f' ELSE 'y ~ x:f' END, 'insitu_rows') AS spec) s;
SELECT insitu.rollup(s) FROM (SELECT insitu.state((SELECT insitu.spec('y ~ x', 'insitu_rows')), y, x) FROM insitu_rows
                    UNION ALL SELECT insitu.state((SELECT insitu.spec('x ~ y', 'insitu_rows')), x, y) FROM insitu_rows) t (s);
-- The parts of the aggregate are not for anybody else, whatever the server's words for it.
CREATE FUNCTION insitu_closed(call text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE 'SELECT ' || call;
  RETURN false;
EXCEPTION WHEN undefined_function OR feature_not_supported THEN RETURN true;
END $$;
SELECT insitu_closed('insitu.state_transition(NULL, ''\x00''::bytea, 1)'), insitu_closed('insitu.state_final(NULL)'),
       insitu_closed('insitu.state_deserialise(''\x00''::bytea, NULL)');
