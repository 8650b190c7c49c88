// The shop: takes the recorded requests, gives them to its workers, and lets everything go wrong that the record says.

#ifndef SEMEL_CLIENT_DEMO_SHOP_H_
#define SEMEL_CLIENT_DEMO_SHOP_H_

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "client/demo/ledger.h"
#include "client/demo/lossy_proxy.h"
#include "client/demo/order_stream.h"
#include "client/demo/server_process.h"
#include "client/demo/tally.h"
#include "client/demo/workforce.h"
#include "semel/client.h"

namespace semel::demo {

struct ShopOptions {
  std::string semeld;     // path of the server
  std::string program;    // path of this program, to start workers
  std::string directory;  // for the server's data, the ledger and the logs
  std::chrono::seconds time_limit{55};
};

// Not thread-safe.
class Shop {
 public:
  static absl::StatusOr<std::unique_ptr<Shop>> Open(const ShopOptions& options, std::vector<StreamEntry> stream);

  // Replays the stream until every request is answered or the time is over.
  absl::Status Replay();

  const Ledger& ledger() const { return ledger_; }
  const Tally& tally() const { return tally_; }

 private:
  struct Pending {
    OrderRequest request;
    int tries = 0;
    bool answered = false;
  };

  Shop(const ShopOptions& options, std::vector<StreamEntry> stream);
  absl::Status SetUp();

  // Giving out work.
  absl::Status GiveOut();
  bool MayGo(const OrderRequest& request) const;
  absl::Status GiveToSomeone(int number);
  void Unpark(const std::string& worker);
  std::optional<size_t> WorkerFor(const OrderRequest& request, int tries) const;
  void AskAgain(int number);

  // Hearing what became of it.
  absl::Status Hear(size_t worker, const Report& report);
  absl::Status Answer(Pending& pending, const Report& report);
  absl::Status Holding(size_t worker, const OrderRequest& request);
  absl::Status Settle(Pending& pending, const Report& report);
  bool IsWorkingOn(const std::string& worker, const Order& order) const;
  void ResumePaused(const std::string& order);

  // What goes wrong.
  absl::Status KillServer();
  absl::Status KillWorker(size_t worker);

  void LookUpAll();

  const ShopOptions options_;
  const Ledger ledger_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  const std::chrono::steady_clock::time_point deadline_ = begin_ + options_.time_limit;

  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<LossyProxy> proxy_;
  std::unique_ptr<Client> client_;  // the shop's own, to settle what is in doubt
  std::unique_ptr<Workforce> workers_;

  std::deque<StreamEntry> stream_;          // not yet given out
  std::deque<int> again_;                   // given out before, without an answer
  std::multimap<std::string, int> parked_;  // in doubt, but the owner lives: asked again when something is heard of it
  std::map<int, Pending> requests_;         // by number
  std::map<std::string, int> expected_to_hold_;  // orders on which a worker will stand still; the request
  int doomed_left_ = 0;  // requests with which a worker is to die and on which it does not stand still yet
  std::optional<std::pair<size_t, int>> paused_;  // the worker and its request
  std::set<std::string> settled_;                 // orders that were in doubt
  Tally tally_;
};

}  // namespace semel::demo

#endif  // SEMEL_CLIENT_DEMO_SHOP_H_
