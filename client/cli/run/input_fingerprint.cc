#include "client/cli/run/input_fingerprint.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "client/cli/bytes_text.h"
#include "semel/request.h"

namespace semel::cli {
namespace {

constexpr std::string_view kTitle = "semel run fingerprint v1\n";

std::string SizeAndDigest(std::string_view bytes) {
  return std::to_string(bytes.size()) + " " + ToHex(semel::FingerprintOf(bytes)) + "\n";
}

absl::Status CannotRead(const std::string& path) {
  return absl::InvalidArgumentError("--fingerprint-file: cannot read " + path + ": " + std::strerror(errno));
}

// Piece by piece: artifacts may be larger than memory.
absl::StatusOr<std::string> SizeAndDigestOfFile(const std::string& path) {
  // What is no regular file may have no end, or none that comes: a FIFO without a writer would block even the opening.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return CannotRead(path);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(fdopen(descriptor, "rb"), &std::fclose);
  struct stat facts {};
  if (file == nullptr || fstat(descriptor, &facts) != 0) return CannotRead(path);
  if (!S_ISREG(facts.st_mode)) {
    return absl::InvalidArgumentError("--fingerprint-file: " + path +
                                      " is not a regular file: write what counts to a file, and name that");
  }
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> digest(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  bool sound = digest != nullptr && EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) == 1;
  char chunk[65536];
  size_t size = 0;
  for (size_t count; sound && (count = std::fread(chunk, 1, sizeof(chunk), file.get())) > 0; size += count) {
    sound = EVP_DigestUpdate(digest.get(), chunk, count) == 1;
  }
  if (std::ferror(file.get()) != 0) return CannotRead(path);
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (!sound || EVP_DigestFinal_ex(digest.get(), bytes, &length) != 1) {
    return absl::InternalError("SHA-256 is not to be had from OpenSSL");
  }
  return std::to_string(size) + " " + ToHex({reinterpret_cast<const char*>(bytes), length}) + "\n";
}

// A name with a space or a newline could pass for something else in the text.
bool IsVariableName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7F && c != '='; });
}

}  // namespace

absl::StatusOr<std::string> CanonicalInput(const RunInput& input) {
  if (input.files.empty() && input.variables.empty() && input.arguments.empty()) return std::string();
  std::string text(kTitle);
  for (const std::string& path : input.files) {
    absl::StatusOr<std::string> part = SizeAndDigestOfFile(path);
    if (!part.ok()) return part.status();
    text += "file " + *part;
  }
  for (const std::string& name : input.variables) {
    if (!IsVariableName(name)) {
      return absl::InvalidArgumentError("--fingerprint-env: \"" + name + "\" is no name of a variable");
    }
    const char* value = std::getenv(name.c_str());
    text += value == nullptr ? "unset " + name + "\n" : "env " + name + " " + SizeAndDigest(value);
  }
  for (const std::string& argument : input.arguments) text += "argument " + SizeAndDigest(argument);
  return text;
}

absl::StatusOr<std::string> FingerprintOf(const RunInput& input) {
  absl::StatusOr<std::string> text = CanonicalInput(input);
  if (!text.ok() || text->empty()) return text;
  return semel::FingerprintOf(*text);
}

}  // namespace semel::cli
