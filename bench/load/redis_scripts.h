// The rules of Begin and Complete in Lua, as careful users of Redis write them: what Semel keeps of a key stands in a hash, the
// token comes from a counter, and Redis' own expiry forgets the key. The same body serves one key or many.

#ifndef SEMEL_BENCH_LOAD_REDIS_SCRIPTS_H_
#define SEMEL_BENCH_LOAD_REDIS_SCRIPTS_H_

#include <string>

#include "absl/strings/str_cat.h"

namespace semel::bench {

// ARGV: owner, lease in ms, retention of an abandoned key in ms, then fingerprint and attempt id of each key.
// Answers {'acquired', token, attempt}, {'done', result}, {'in_progress', owner, attempt, lease remaining} or {'mismatch'}.
inline constexpr int kBeginArguments = 3, kBeginArgumentsPerKey = 2;
inline constexpr char kBeginBody[] = R"lua(
    local fingerprint, attempt_id = ARGV[at + 4], ARGV[at + 5]
    local r = redis.call('HMGET', key, 'state', 'fingerprint', 'attempt_id', 'token', 'attempt', 'lease_until', 'owner')
    if r[1] and r[2] ~= fingerprint then
      answer = {'mismatch'}
    elseif r[1] == 'done' then
      answer = {'done', redis.call('HGET', key, 'result')}
    elseif r[1] == 'open' and r[3] == attempt_id then
      redis.call('HSET', key, 'lease_until', now + lease)
      answer = {'acquired', tonumber(r[4]), tonumber(r[5])}
    elseif r[1] == 'open' and tonumber(r[6]) > now then
      answer = {'in_progress', r[7], tonumber(r[5]), tonumber(r[6]) - now}
    else
      local token, attempt = redis.call('INCR', 'tokens'), (tonumber(r[5]) or 0) + 1
      redis.call('HSET', key, 'state', 'open', 'fingerprint', fingerprint, 'attempt_id', attempt_id, 'token', token,
                 'attempt', attempt, 'lease_until', now + lease, 'owner', ARGV[1])
      redis.call('PEXPIRE', key, ARGV[3])
      answer = {'acquired', token, attempt}
    end
)lua";
inline constexpr char kBeginHead[] = R"lua(
    local time = redis.call('TIME')
    local now, lease = time[1] * 1000 + math.floor(time[2] / 1000), tonumber(ARGV[2])
)lua";

// ARGV: retention in ms, then token and result of each key. Answers {'stored'}, {'already'}, {'stale'} or {'absent'}.
inline constexpr int kCompleteArguments = 1, kCompleteArgumentsPerKey = 2;
inline constexpr char kCompleteBody[] = R"lua(
    local token, result = ARGV[at + 2], ARGV[at + 3]
    local r = redis.call('HMGET', key, 'state', 'token')
    if not r[1] then
      answer = {'absent'}
    elseif r[2] ~= token then
      answer = {'stale'}
    elseif r[1] == 'done' then
      answer = {'already'}
    else
      redis.call('HSET', key, 'state', 'done', 'result', result)
      redis.call('PEXPIRE', key, ARGV[1])
      answer = {'stored'}
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
