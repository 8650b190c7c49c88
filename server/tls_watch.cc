#include "server/tls_watch.h"

#include <utility>

#include "absl/time/time.h"

namespace semel {
namespace {

using ops::LogLevel;

std::string TimeText(std::chrono::system_clock::time_point time) {
  return absl::FormatTime(absl::RFC3339_sec, absl::FromChrono(time), absl::UTCTimeZone());
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsWatch>> TlsWatch::Open(const ops::Config::Tls& files, const ops::Logger& log) {
  absl::StatusOr<rpc::TlsIdentity> identity = ops::ReadTlsFiles(files);
  if (!identity.ok()) return identity.status();
  const absl::StatusOr<ops::TlsFacts> facts = ops::CheckTls(*identity, files);
  if (!facts.ok()) return facts.status();
  return std::unique_ptr<TlsWatch>(new TlsWatch(files, log, *std::move(identity), *facts));
}

TlsWatch::TlsWatch(const ops::Config::Tls& files, const ops::Logger& log, rpc::TlsIdentity identity,
                   const ops::TlsFacts& facts)
    : files_(files), log_(log), served_(identity) {
  PutInForce(identity, facts);
  TellExpiry();
}

void TlsWatch::Look(bool say_again) {
  const std::lock_guard lock(mutex_);
  absl::StatusOr<rpc::TlsIdentity> found = ops::ReadTlsFiles(files_);
  if (!found.ok()) {
    Refuse(found.status(), say_again);
  } else if (*found == in_force_) {
    if (!refused_because_.empty()) log_.Log(LogLevel::kInfo, "the TLS files are again those in force");
    refused_because_.clear();
    figures_.refused.Set(0);
  } else if (const absl::StatusOr<ops::TlsFacts> facts = ops::CheckTls(*found, files_); !facts.ok()) {
    Refuse(facts.status(), say_again);
  } else {
    served_.Replace(*found);
    PutInForce(*found, *facts);
    log_.Log(LogLevel::kInfo, "new TLS files in force", {{"expires", TimeText(expires_)}});
  }
  TellExpiry();
}

void TlsWatch::Refuse(const absl::Status& why, bool say_again) {
  figures_.refused.Set(1);
  const std::string reason(why.message());
  if (reason == refused_because_ && !say_again) return;
  refused_because_ = reason;
  log_.Log(
      LogLevel::kWarning,
      "the TLS files cannot be used, those from before stay in force: mend them, they are read again by themselves",
      {{"reason", reason}, {"in_force_expires", TimeText(expires_)}});
}

void TlsWatch::PutInForce(const rpc::TlsIdentity& identity, const ops::TlsFacts& facts) {
  in_force_ = identity;
  expires_ = facts.expires;
  expiry_told_ = false;
  refused_because_.clear();
  figures_.refused.Set(0);
  figures_.expiry_seconds.Set(std::chrono::duration_cast<std::chrono::seconds>(expires_.time_since_epoch()).count());
}

// Served all the same: without it nobody would be served at all, and who checks no dates would notice only that.
void TlsWatch::TellExpiry() {
  if (expiry_told_ || std::chrono::system_clock::now() < expires_) return;
  expiry_told_ = true;
  log_.Log(LogLevel::kWarning,
           "the TLS certificate in force, or one of its chain, has expired: clients refuse it until it is renewed",
           {{"expired", TimeText(expires_)}, {"file", files_.certificate}});
}

}  // namespace semel
