// The rules of Begin and Complete in Lua, as careful users of Redis write them: what Semel keeps of a key is packed into one value,
// the token is the time in microseconds, and Redis' own expiry forgets the key. A token from INCR would be a second write to log, in a
// transaction with the first. A hash with a field for each costs Redis a quarter more
// processor time, as it then logs two commands and a transaction around them. The same body serves one key or many.

#ifndef SEMEL_BENCH_LOAD_REDIS_SCRIPTS_H_
#define SEMEL_BENCH_LOAD_REDIS_SCRIPTS_H_

#include <string>

#include "absl/strings/str_cat.h"

namespace semel::bench {

// ARGV: owner, lease in ms, retention of an abandoned key in ms, then fingerprint and attempt id of each key.
// Answers {'acquired', token, attempt}, {'done', result}, {'in_progress', owner, attempt, lease remaining} or {'mismatch'}.
inline constexpr int kBeginArgumentsPerKey = 2;
inline constexpr char kBeginBody[] = R"lua(
    local fingerprint, attempt_id = ARGV[at + 4], ARGV[at + 5]
    local packed = redis.call('GET', key)
    local state, known, id, token, attempt, lease_until, owner, result
    if packed then
      state, known, id, token, attempt, lease_until, owner, result = cmsgpack.unpack(packed)
    end
    if packed and known ~= fingerprint then
      answer = {'mismatch'}
    elseif state == 'done' then
      answer = {'done', result}
    elseif state == 'open' and lease_until > now and id ~= attempt_id then
      answer = {'in_progress', owner, attempt, lease_until - now}
    else
      if id ~= attempt_id then token, attempt = math.max(time[1] * 1000000 + time[2], (token or 0) + 1), (attempt or 0) + 1 end
      redis.call('SET', key, cmsgpack.pack('open', fingerprint, attempt_id, token, attempt, now + lease, ARGV[1]), 'PX', ARGV[3])
      answer = {'acquired', token, attempt}
    end
)lua";
inline constexpr char kBeginHead[] = R"lua(
    local time = redis.call('TIME')
    local now, lease = time[1] * 1000 + math.floor(time[2] / 1000), tonumber(ARGV[2])
)lua";

// ARGV: retention in ms, then token and result of each key. Answers {'stored'}, {'already'}, {'stale'} or {'absent'}.
inline constexpr int kCompleteArgumentsPerKey = 2;
inline constexpr char kCompleteBody[] = R"lua(
    local given, result = tonumber(ARGV[at + 2]), ARGV[at + 3]
    local packed = redis.call('GET', key)
    if not packed then
      answer = {'absent'}
    else
      local state, fingerprint, id, token, attempt, lease_until, owner = cmsgpack.unpack(packed)
      if token ~= given then
        answer = {'stale'}
      elseif state == 'done' then
        answer = {'already'}
      else
        redis.call('SET', key, cmsgpack.pack('done', fingerprint, id, token, attempt, lease_until, owner, result), 'PX', ARGV[1])
        answer = {'stored'}
      end
    end
)lua";

// A script for one key, which answers as said above.
inline std::string ScriptForOne(const std::string& head, const std::string& body) {
  return absl::StrCat(head, "local key, at, answer = KEYS[1], 0, nil\n", body, "return answer\n");
}

// A script for many, which answers with a list of such answers.
inline std::string ScriptForMany(const std::string& head, const std::string& body, int arguments_per_key) {
  return absl::StrCat(head, "local answers = {}\nfor n, key in ipairs(KEYS) do\nlocal at, answer = (n - 1) * ",
                      arguments_per_key, ", nil\n", body, "answers[n] = answer\nend\nreturn answers\n");
}

}  // namespace semel::bench

#endif  // SEMEL_BENCH_LOAD_REDIS_SCRIPTS_H_
