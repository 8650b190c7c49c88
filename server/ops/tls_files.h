// The PEM files of `tls`: read, and held against each other as a start would.

#ifndef SEMEL_SERVER_OPS_TLS_FILES_H_
#define SEMEL_SERVER_OPS_TLS_FILES_H_

#include <chrono>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/engine/limits.h"
#include "server/ops/config.h"
#include "server/rpc/tls_identity.h"

namespace semel::ops {

// Of one file. Bundles of all public authorities have about 250 KiB.
inline constexpr size_t kMaxPemBytes = 4 * engine::kMiB;

// What the files hold now, as one: when they change while they are read, they are read again. The error names the setting and the
// file.
[[nodiscard]] absl::StatusOr<rpc::TlsIdentity> ReadTlsFiles(const Config::Tls& files);

struct TlsFacts {
  std::chrono::system_clock::time_point expires;  // the first certificate of the server's chain to do so
};

// INVALID_ARGUMENT names the setting, and the file, that cannot be used: no PEM, a key of another certificate, ... An expired
// certificate can be used.
[[nodiscard]] absl::StatusOr<TlsFacts> CheckTls(const rpc::TlsIdentity& identity, const Config::Tls& files);

}  // namespace semel::ops

#endif  // SEMEL_SERVER_OPS_TLS_FILES_H_
