#include "server/ops/tls_files.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "fmt/format.h"

namespace semel::ops {
namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Bytes = std::unique_ptr<BIO, decltype(&BIO_free)>;

constexpr int kReadings = 5;  // until two agree

absl::Status Refused(std::string_view setting, const std::string& path, std::string_view why) {
  return absl::InvalidArgumentError(fmt::format("{}: {}: {}", setting, path, why));
}

absl::StatusOr<std::string> Contents(std::string_view setting, const std::string& path) {
  if (path.empty()) return "";
  const auto failed = [&] { return absl::ErrnoToStatus(errno, fmt::format("{}: cannot read {}", setting, path)); };
  std::error_code error;
  // To open a pipe would be to wait for who writes into it.
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error)) {
    return Refused(setting, path, "is no file");
  }
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (file == nullptr) return failed();
  std::string text;
  std::vector<char> part(64 * engine::kKiB);
  while (const size_t count = std::fread(part.data(), 1, part.size(), file.get())) {
    text.append(part.data(), count);
    if (text.size() > kMaxPemBytes) {
      return Refused(setting, path, fmt::format("is larger than {} MiB", kMaxPemBytes / engine::kMiB));
    }
  }
  if (std::ferror(file.get()) != 0) return failed();
  return text;
}

absl::StatusOr<rpc::TlsIdentity> ReadOnce(const Config::Tls& files) {
  rpc::TlsIdentity identity;
  for (const auto& [setting, path, text] :
       {std::tuple{"tls.certificate", &files.certificate, &identity.certificate_chain},
        std::tuple{"tls.private_key", &files.private_key, &identity.private_key},
        std::tuple{"tls.client_ca", &files.client_ca, &identity.client_ca}}) {
    absl::StatusOr<std::string> contents = Contents(setting, *path);
    if (!contents.ok()) return contents.status();
    *text = *std::move(contents);
  }
  return identity;
}

Bytes Over(const std::string& pem) { return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free}; }

// What OpenSSL has noted, which is forgotten by that: the next one who looks must not take it for its own.
std::string OpenSslReason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "for no reason that OpenSSL tells" : reason;
}

absl::StatusOr<std::vector<Certificate>> Certificates(std::string_view setting, const std::string& path,
                                                      const std::string& pem) {
  ERR_clear_error();
  const Bytes bytes = Over(pem);
  std::vector<Certificate> found;
  for (;;) {
    Certificate next(PEM_read_bio_X509(bytes.get(), nullptr, nullptr, nullptr), &X509_free);
    if (next == nullptr) break;
    found.push_back(std::move(next));
  }
  // It ends where there is no more to begin with; all else is damage.
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    return Refused(setting, path,
                   fmt::format("certificate {} in it is damaged ({})", found.size() + 1, OpenSslReason()));
  }
  ERR_clear_error();
  if (found.empty()) return Refused(setting, path, "there is no certificate in PEM in it");
  return found;
}

// Nobody is there to be asked for a passphrase; OpenSSL's own would ask at the terminal.
int NoPassphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

absl::StatusOr<Key> PrivateKey(const std::string& path, const std::string& pem) {
  ERR_clear_error();
  bool encrypted = false;
  const Bytes bytes = Over(pem);
  Key key(PEM_read_bio_PrivateKey(bytes.get(), nullptr, &NoPassphrase, &encrypted), &EVP_PKEY_free);
  if (key != nullptr) return key;
  const std::string why = OpenSslReason();
  return Refused("tls.private_key", path,
                 encrypted ? "is encrypted with a passphrase, which nobody could be asked for: store it without"
                           : fmt::format("there is no private key in PEM in it, or it is damaged ({})", why));
}

std::chrono::system_clock::time_point ExpiryOf(const X509& certificate) {
  std::tm time{};
  // What cannot be told has no good date.
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &time) != 1) return {};
  return std::chrono::system_clock::from_time_t(timegm(&time));
}

// Beside the fit: what OpenSSL's security level does not allow, such as a key of 1024 bits.
absl::Status Fit(const Config::Tls& files, X509& certificate, EVP_PKEY& key) {
  ERR_clear_error();
  if (X509_check_private_key(&certificate, &key) != 1) {
    ERR_clear_error();
    return Refused("tls.private_key", files.private_key, fmt::format("is not the key of {}", files.certificate));
  }
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  if (context == nullptr || SSL_CTX_use_certificate(context.get(), &certificate) != 1) {
    return Refused("tls.certificate", files.certificate, fmt::format("OpenSSL does not take it ({})", OpenSslReason()));
  }
  if (SSL_CTX_use_PrivateKey(context.get(), &key) != 1) {
    return Refused("tls.private_key", files.private_key, fmt::format("OpenSSL does not take it ({})", OpenSslReason()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<rpc::TlsIdentity> ReadTlsFiles(const Config::Tls& files) {
  absl::StatusOr<rpc::TlsIdentity> identity = ReadOnce(files);
  // A certificate from before the change and a key from after it would look like a pair that does not fit.
  for (int i = 1; i < kReadings; ++i) {
    absl::StatusOr<rpc::TlsIdentity> again = ReadOnce(files);
    if (again == identity) break;
    identity = std::move(again);
  }
  return identity;
}

absl::StatusOr<TlsFacts> CheckTls(const rpc::TlsIdentity& identity, const Config::Tls& files) {
  const auto chain = Certificates("tls.certificate", files.certificate, identity.certificate_chain);
  if (!chain.ok()) return chain.status();
  const auto key = PrivateKey(files.private_key, identity.private_key);
  if (!key.ok()) return key.status();
  if (absl::Status fit = Fit(files, *chain->front(), **key); !fit.ok()) return fit;
  if (!files.client_ca.empty()) {
    const auto authorities = Certificates("tls.client_ca", files.client_ca, identity.client_ca);
    if (!authorities.ok()) return authorities.status();
  }
  TlsFacts facts{.expires = std::chrono::system_clock::time_point::max()};
  for (const Certificate& certificate : *chain) facts.expires = std::min(facts.expires, ExpiryOf(*certificate));
  return facts;
}

}  // namespace semel::ops
