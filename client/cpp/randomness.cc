#include "client/cpp/randomness.h"

#include <openssl/rand.h>

#include <cstdio>
#include <cstdlib>

#include "semel/request.h"

namespace semel {
namespace {

void FillRandom(unsigned char* bytes, int count) {
  if (RAND_bytes(bytes, count) == 1) return;
  // A predictable attempt id could make two callers the same owner. There is no safe way on.
  std::fputs("semel: the system has no random numbers\n", stderr);
  std::abort();
}

}  // namespace

uint64_t RandomSeed() {
  uint64_t seed = 0;
  FillRandom(reinterpret_cast<unsigned char*>(&seed), sizeof(seed));
  return seed;
}

AttemptId NewAttemptId() {
  AttemptId id;
  FillRandom(id.data(), static_cast<int>(id.size()));
  return id;
}

}  // namespace semel
