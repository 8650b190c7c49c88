#include <openssl/sha.h>

#include "semel/request.h"

namespace semel {

std::string FingerprintOf(std::string_view canonical_request) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(canonical_request.data()), canonical_request.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

}  // namespace semel
