// Keeps the certificate in force as the files say. Kubernetes renews a mounted secret, and cert-manager its content, without telling
// anybody: so the files are looked at, by what they hold, wherever their symlinks lead.

#ifndef SEMEL_SERVER_TLS_WATCH_H_
#define SEMEL_SERVER_TLS_WATCH_H_

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "server/ops/config.h"
#include "server/ops/logging.h"
#include "server/ops/metrics.h"
#include "server/ops/tls_files.h"
#include "server/rpc/served_certificate.h"

namespace semel {

class TlsWatch {
 public:
  // Files that cannot be used are an error: at start there is no older certificate to go on with. `log` must outlive it.
  static absl::StatusOr<std::unique_ptr<TlsWatch>> Open(const ops::Config::Tls& files, const ops::Logger& log);

  // Every few seconds. What the files hold is put in force when it has changed and can be used; otherwise the older stays, with one
  // line in the log for each reason. Any thread.
  void Look() { Look(/*say_again=*/false); }
  // Somebody asked for it: says also what was said before.
  void LookAgain() { Look(/*say_again=*/true); }

  rpc::ServedCertificate& served() { return served_; }         // any thread
  const ops::TlsFigures& figures() const { return figures_; }  // any thread

 private:
  TlsWatch(const ops::Config::Tls& files, const ops::Logger& log, rpc::TlsIdentity identity,
           const ops::TlsFacts& facts);

  void Look(bool say_again);
  void Refuse(const absl::Status& why, bool say_again);
  void PutInForce(const rpc::TlsIdentity& identity, const ops::TlsFacts& facts);
  void TellExpiry();

  const ops::Config::Tls files_;
  const ops::Logger& log_;
  rpc::ServedCertificate served_;
  ops::TlsFigures figures_;

  std::mutex mutex_;  // of what is below
  rpc::TlsIdentity in_force_;
  std::chrono::system_clock::time_point expires_;
  bool expiry_told_ = false;
  std::string refused_because_;  // empty: the files are those in force
};

}  // namespace semel

#endif  // SEMEL_SERVER_TLS_WATCH_H_
