// The shop's ledger: the file to which every placed order is appended. This is the side effect that must happen once.
//
// The ledger does not know which orders were placed before and appends what it is given: it is Semel that keeps an order from
// being placed twice. It does one thing more, as anything should that is written to under a lease: it refuses a fencing
// token that is smaller than one it has seen for the same order.

#ifndef SEMEL_CLIENT_DEMO_LEDGER_H_
#define SEMEL_CLIENT_DEMO_LEDGER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace semel::demo {

struct Placement {
  std::string order;
  int64_t token = 0;
  std::string worker;
  int64_t total_cents = 0;
};

// Thread-safe, and safe between processes: every call locks the file.
class Ledger {
 public:
  explicit Ledger(std::string path) : path_(std::move(path)) {}

  // Appends the placement. Errors: kAborted where a greater token was seen for this order; nothing is appended then.
  absl::Status Place(const Placement& placement) const;

  // From now on refuses smaller tokens for this order, and tells whether it was placed. What a new owner asks when the owner
  // before it fell silent: looking alone would not keep that one from writing a moment later.
  absl::StatusOr<std::optional<Placement>> FenceAndFind(const std::string& order, int64_t token) const;

  // All placements, in order.
  absl::StatusOr<std::vector<Placement>> ReadAll() const;

  // While it lives nobody is in the middle of a call.
  class Lock {
   public:
    explicit Lock(const std::string& path);
    ~Lock();
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    int fd() const { return fd_; }

   private:
    int fd_;
  };

 private:
  const std::string path_;
};

}  // namespace semel::demo

#endif  // SEMEL_CLIENT_DEMO_LEDGER_H_
