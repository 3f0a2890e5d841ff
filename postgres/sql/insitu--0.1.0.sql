-- The extension insitu: models as aggregates. Everything lives in the schema insitu.
\echo Use "CREATE EXTENSION insitu" to load this file. \quit

CREATE FUNCTION version() RETURNS text
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'insitu_pg_version';
COMMENT ON FUNCTION insitu.version() IS 'version of the engine, which a client compares with its own';

GRANT USAGE ON SCHEMA insitu TO PUBLIC;

-- ---- States -----------------------------------------------------------------------------------------------------------
CREATE TYPE state;

CREATE FUNCTION state_in(cstring) RETURNS state
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'insitu_pg_state_in';
CREATE FUNCTION state_out(state) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'insitu_pg_out';
CREATE FUNCTION state_receive(internal) RETURNS state
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'insitu_pg_state_receive';
CREATE FUNCTION state_send(state) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'insitu_pg_send';
CREATE TYPE state (
  INPUT = state_in, OUTPUT = state_out, RECEIVE = state_receive, SEND = state_send,
  INTERNALLENGTH = VARIABLE, STORAGE = extended
);
COMMENT ON TYPE state IS 'what one pass over rows leaves: small, mergeable, checked bytes under the spec that made them';

CREATE FUNCTION state_from_bytea(bytea) RETURNS state
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'insitu_pg_state_from_bytea';
CREATE FUNCTION state_json(state) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'insitu_pg_state_json';
CREATE FUNCTION to_json(state) RETURNS json
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN CAST(state_json($1) AS json);
COMMENT ON FUNCTION to_json(state) IS 'counts, levels and means of a state';
CREATE CAST (state AS bytea) WITHOUT FUNCTION;
CREATE CAST (bytea AS state) WITH FUNCTION state_from_bytea(bytea);
CREATE CAST (state AS json) WITH FUNCTION to_json(state);

-- ---- Models -----------------------------------------------------------------------------------------------------------
CREATE TYPE model;

CREATE FUNCTION model_in(cstring) RETURNS model
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'insitu_pg_model_in';
CREATE FUNCTION model_out(model) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'insitu_pg_out';
CREATE FUNCTION model_receive(internal) RETURNS model
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'insitu_pg_model_receive';
CREATE FUNCTION model_send(model) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'insitu_pg_send';
CREATE TYPE model (
  INPUT = model_in, OUTPUT = model_out, RECEIVE = model_receive, SEND = model_send,
  INTERNALLENGTH = VARIABLE, STORAGE = extended
);
COMMENT ON TYPE model IS 'a fitted model: the bytes of a model file, which insitu.load_model reads too';

CREATE FUNCTION model_from_bytea(bytea) RETURNS model
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'insitu_pg_model_from_bytea';
CREATE FUNCTION model_json(model) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'insitu_pg_model_json';
CREATE FUNCTION to_json(model) RETURNS json
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN CAST(model_json($1) AS json);
COMMENT ON FUNCTION to_json(model) IS 'a model as JSON, as the page "architecture" describes it';
CREATE CAST (model AS bytea) WITHOUT FUNCTION;
CREATE CAST (bytea AS model) WITH FUNCTION model_from_bytea(bytea);
CREATE CAST (model AS json) WITH FUNCTION to_json(model);

-- ---- From rows to states ----------------------------------------------------------------------------------------------
CREATE FUNCTION state_transition(internal, bytea, VARIADIC "any") RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'insitu_pg_transition';
CREATE FUNCTION state_combine(internal, internal) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'insitu_pg_combine';
CREATE FUNCTION state_serialise(internal) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'insitu_pg_serialise';
CREATE FUNCTION state_deserialise(bytea, internal) RETURNS internal
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'insitu_pg_deserialise';
CREATE FUNCTION state_final(internal) RETURNS state
  LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'insitu_pg_final';

CREATE AGGREGATE state(spec bytea, VARIADIC "any") (
  SFUNC = state_transition, STYPE = internal, SSPACE = 8192,
  FINALFUNC = state_final, FINALFUNC_MODIFY = READ_ONLY,
  COMBINEFUNC = state_combine, SERIALFUNC = state_serialise, DESERIALFUNC = state_deserialise,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE state(bytea, VARIADIC "any") IS
  'the state of the spec''s analysis over the rows; the columns follow in the order of insitu.columns(spec), or as one row';

CREATE FUNCTION rollup_transition(internal, state) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'insitu_pg_rollup';
CREATE AGGREGATE rollup(state) (
  SFUNC = rollup_transition, STYPE = internal, SSPACE = 8192,
  FINALFUNC = state_final, FINALFUNC_MODIFY = READ_ONLY,
  COMBINEFUNC = state_combine, SERIALFUNC = state_serialise, DESERIALFUNC = state_deserialise,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(state) IS 'stored states of one spec merged into one: days into a year';

CREATE FUNCTION columns(spec bytea) RETURNS text[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'insitu_pg_columns';
COMMENT ON FUNCTION columns(bytea) IS 'the columns that a spec reads, in the order that insitu.state takes them';

-- ---- From states to models --------------------------------------------------------------------------------------------
CREATE FUNCTION spec_support(internal) RETURNS internal
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'insitu_pg_spec_support';
COMMENT ON FUNCTION spec_support(internal) IS 'has the planner make a spec of constants once';
CREATE FUNCTION spec(formula text, data text, pweights text DEFAULT NULL, fweights text DEFAULT NULL,
                     drop_first boolean DEFAULT false, "precision" text DEFAULT 'double', cov_coef boolean DEFAULT false)
  RETURNS bytea
  LANGUAGE c STABLE PARALLEL SAFE COST 1000 SUPPORT spec_support AS 'MODULE_PATHNAME', 'insitu_pg_spec';
COMMENT ON FUNCTION spec(text, text, text, text, boolean, text, boolean) IS
  'what insitu.state needs to know for a linear model of a formula over a table or query; no row is read';

CREATE FUNCTION lm(formula text, data text, pweights text DEFAULT NULL, fweights text DEFAULT NULL,
                   drop_first boolean DEFAULT false, "precision" text DEFAULT 'auto', cov_coef boolean DEFAULT false)
  RETURNS model
  LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 AS 'MODULE_PATHNAME', 'insitu_pg_lm';
COMMENT ON FUNCTION lm(text, text, text, text, boolean, text, boolean) IS
  'a linear model of a formula over a table or query, fitted by the server''s parallel workers';

CREATE FUNCTION glm(formula text, data text, family text DEFAULT 'gaussian', link text DEFAULT NULL, theta float8 DEFAULT NULL,
                    "power" float8 DEFAULT NULL, pweights text DEFAULT NULL, fweights text DEFAULT NULL,
                    "offset" text DEFAULT NULL, exposure text DEFAULT NULL, drop_first boolean DEFAULT false,
                    cov_coef boolean DEFAULT false, cov_type text DEFAULT NULL, cluster text[] DEFAULT NULL,
                    max_iterations integer DEFAULT 25)
  RETURNS model
  LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 AS 'MODULE_PATHNAME', 'insitu_pg_glm';
COMMENT ON FUNCTION glm(text, text, text, text, float8, float8, text, text, text, text, boolean, boolean, text, text[], integer) IS
  'a generalised linear model of a formula over a table or query: a pass of the server''s parallel workers for each step';

CREATE FUNCTION finalize(state) RETURNS model
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'insitu_pg_finalize';
COMMENT ON FUNCTION finalize(state) IS 'the model of a state whose spec insitu.spec made';

CREATE FUNCTION coef_json(model, float8) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'insitu_pg_tidy';
CREATE FUNCTION coef(model model, conf_level float8 DEFAULT 0.95)
  RETURNS TABLE (term text, estimate float8, std_error float8, statistic float8, p_value float8,
                 conf_low float8, conf_high float8)
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 10
BEGIN ATOMIC
  SELECT c.term, c.estimate::float8, c.std_error::float8, c.statistic::float8, c.p_value::float8, c.conf_low::float8,
         c.conf_high::float8
    FROM (SELECT CAST(coef_json(model, conf_level) AS json) AS lists) AS j,
         ROWS FROM (json_array_elements_text(j.lists -> 'term'), json_array_elements_text(j.lists -> 'estimate'),
                    json_array_elements_text(j.lists -> 'std_error'), json_array_elements_text(j.lists -> 'statistic'),
                    json_array_elements_text(j.lists -> 'p_value'), json_array_elements_text(j.lists -> 'conf_low'),
                    json_array_elements_text(j.lists -> 'conf_high'))
           AS c (term, estimate, std_error, statistic, p_value, conf_low, conf_high);
END;
COMMENT ON FUNCTION coef(model, float8) IS 'the coefficients of a model as a table; those dropped are NULL';

CREATE FUNCTION glance_json(model) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'insitu_pg_glance';
CREATE FUNCTION glance(model model)
  RETURNS TABLE (r_squared float8, adj_r_squared float8, sigma float8, statistic float8, p_value float8, df float8,
                 df_residual float8, aic float8, bic float8, nobs float8, log_likelihood float8, deviance float8,
                 null_deviance float8, df_null float8, dispersion float8)
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 1
BEGIN ATOMIC
  SELECT (g.row ->> 'r_squared')::float8, (g.row ->> 'adj_r_squared')::float8, (g.row ->> 'sigma')::float8,
         (g.row ->> 'statistic')::float8, (g.row ->> 'p_value')::float8, (g.row ->> 'df')::float8,
         (g.row ->> 'df_residual')::float8, (g.row ->> 'aic')::float8, (g.row ->> 'bic')::float8, (g.row ->> 'nobs')::float8,
         (g.row ->> 'log_likelihood')::float8, (g.row ->> 'deviance')::float8, (g.row ->> 'null_deviance')::float8,
         (g.row ->> 'df_null')::float8, (g.row ->> 'dispersion')::float8
    FROM (SELECT CAST(glance_json(model) AS json) AS row) AS g;
END;
COMMENT ON FUNCTION glance(model) IS 'a model in one row; NULL in what its kind does not have';

-- ---- Scoring ----------------------------------------------------------------------------------------------------------
CREATE FUNCTION predict(model model, VARIADIC "any") RETURNS float8
  LANGUAGE c IMMUTABLE PARALLEL SAFE COST 20 AS 'MODULE_PATHNAME', 'insitu_pg_predict';
COMMENT ON FUNCTION predict(model, VARIADIC "any") IS
  'the prediction for a row; give the predictors in the order of the formula, or the whole row, whose columns are found by name';

CREATE FUNCTION apply(spec bytea, VARIADIC "any") RETURNS float8[]
  LANGUAGE c IMMUTABLE PARALLEL SAFE COST 40 AS 'MODULE_PATHNAME', 'insitu_pg_apply';
COMMENT ON FUNCTION apply(bytea, VARIADIC "any") IS 'the outputs of any row function, {"row_function": name, "spec": …}, for a row';

CREATE FUNCTION to_sql(model model, dialect text DEFAULT 'postgres') RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'insitu_pg_to_sql';
COMMENT ON FUNCTION to_sql(model, text) IS 'a model as one SQL expression, which needs no extension';
