// The rules of Begin and Complete in SQL, as careful users of PostgreSQL write them: one row per key, one statement per
// operation, the token from a sequence. The same statements for one key or, through arrays, for many.

#ifndef SEMEL_BENCH_LOAD_POSTGRESQL_STATEMENTS_H_
#define SEMEL_BENCH_LOAD_POSTGRESQL_STATEMENTS_H_

namespace semel::bench {

// A page is filled so far that the completed row finds room beside the open one: then no index has to be told of it (HOT).
// Nothing deletes rows whose time is over, and there is no index to find them: that work is left out in PostgreSQL's favour.
inline constexpr char kSchema[] = R"sql(
  CREATE TABLE IF NOT EXISTS keys (
    key text PRIMARY KEY,
    state text NOT NULL,
    fingerprint bytea NOT NULL,
    attempt_id bytea NOT NULL,
    token bigint NOT NULL,
    attempt integer NOT NULL,
    owner text NOT NULL,
    lease_until timestamptz NOT NULL,
    expire_time timestamptz NOT NULL,
    result bytea
  ) WITH (fillfactor = 45);
  CREATE SEQUENCE IF NOT EXISTS tokens;
)sql";

// A plan that was made while the table was small must not scan it once it is large.
inline constexpr char kSession[] = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";

#define SEMEL_BENCH_BEGIN_CONFLICT                                                                   \
  "ON CONFLICT (key) DO UPDATE SET state = 'open', fingerprint = excluded.fingerprint,"              \
  " attempt_id = excluded.attempt_id,"                                                               \
  " token = CASE WHEN k.attempt_id = excluded.attempt_id THEN k.token ELSE excluded.token END,"      \
  " attempt = CASE WHEN k.attempt_id = excluded.attempt_id THEN k.attempt ELSE k.attempt + 1 END,"   \
  " owner = excluded.owner, lease_until = excluded.lease_until, expire_time = excluded.expire_time," \
  " result = NULL"                                                                                   \
  " WHERE k.expire_time < now() OR (k.state = 'open' AND k.fingerprint = excluded.fingerprint"       \
  " AND (k.lease_until < now() OR k.attempt_id = excluded.attempt_id))"                              \
  " RETURNING key, token, attempt"

#define SEMEL_BENCH_BEGIN_COLUMNS \
  "INSERT INTO keys AS k (state, token, attempt, key, fingerprint, attempt_id, owner, lease_until, expire_time) "

#define SEMEL_BENCH_BEGIN_TIMES \
  "$4, now() + $5::bigint * interval '1 millisecond', now() + $6::bigint * interval '1 millisecond'"

// $1 key, $2 fingerprint, $3 attempt id, $4 owner, $5 lease and $6 retention of an abandoned key in ms. One row: acquired.
inline constexpr char kBeginOne[] = SEMEL_BENCH_BEGIN_COLUMNS
    "VALUES ('open', nextval('tokens'), 1, $1::text, $2::bytea, $3::bytea, " SEMEL_BENCH_BEGIN_TIMES
    ") " SEMEL_BENCH_BEGIN_CONFLICT;
// The same with arrays. A row for each key that was acquired.
inline constexpr char kBeginMany[] = SEMEL_BENCH_BEGIN_COLUMNS
    "SELECT 'open', nextval('tokens'), 1, u.key, u.fingerprint, u.attempt_id, " SEMEL_BENCH_BEGIN_TIMES
    " FROM unnest($1::text[], $2::bytea[], $3::bytea[]) AS u (key, fingerprint, "
    "attempt_id) " SEMEL_BENCH_BEGIN_CONFLICT;

#undef SEMEL_BENCH_BEGIN_CONFLICT
#undef SEMEL_BENCH_BEGIN_COLUMNS
#undef SEMEL_BENCH_BEGIN_TIMES

// $1 key, $2 token, $3 result, $4 retention in ms. One row: stored.
inline constexpr char kCompleteOne[] =
    "UPDATE keys SET state = 'done', result = $3::bytea, expire_time = now() + $4::bigint * interval '1 millisecond'"
    " WHERE key = $1::text AND token = $2::bigint AND state = 'open' RETURNING key, token, expire_time";
// The same with arrays. A row for each key whose result was stored.
inline constexpr char kCompleteMany[] =
    "UPDATE keys AS k SET state = 'done', result = u.result, expire_time = now() + $4::bigint * interval '1 "
    "millisecond'"
    " FROM unnest($1::text[], $2::bigint[], $3::bytea[]) AS u (key, token, result)"
    " WHERE k.key = u.key AND k.token = u.token AND k.state = 'open' RETURNING k.key, k.token, k.expire_time";

// $1 key, $2 fingerprint. What is stored under a key, which a Begin that got no row has to ask for.
inline constexpr char kReadOne[] =
    "SELECT key, token, attempt, result FROM keys"
    " WHERE key = $1::text AND fingerprint = $2::bytea AND state = 'done' AND expire_time > now()";
// The same with arrays.
inline constexpr char kReadMany[] =
    "SELECT k.key, k.token, k.attempt, k.result FROM unnest($1::text[], $2::bytea[]) AS u (key, fingerprint)"
    " JOIN keys AS k USING (key) WHERE k.fingerprint = u.fingerprint AND k.state = 'done' AND k.expire_time > now()";

}  // namespace semel::bench

#endif  // SEMEL_BENCH_LOAD_POSTGRESQL_STATEMENTS_H_
