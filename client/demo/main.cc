// The demo: a shop that places every order once, whatever happens. With --worker: one of its workers.

#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include "client/demo/order_stream.h"
#include "client/demo/shop.h"
#include "client/demo/tally.h"
#include "client/demo/worker.h"

#ifndef SEMEL_DEMO_ORDERS
#error "the build says where the recorded orders are"
#endif

namespace semel::demo {
namespace {

namespace fs = std::filesystem;

int Fail(const absl::Status& status) {
  std::cerr << "semel_demo: " << status.message() << "\n";
  return 1;
}

// Removed at the end, unless the user wants to look at it.
class Directory {
 public:
  explicit Directory(std::string kept) : path_(std::move(kept)), keep_(!path_.empty()) {
    std::string pattern = fs::temp_directory_path() / "semel-demo-XXXXXX";
    if (!keep_) path_ = mkdtemp(pattern.data()) != nullptr ? pattern : "";
    if (keep_) fs::create_directories(path_);
  }
  ~Directory() {
    std::error_code ignored;
    if (!keep_ && !path_.empty()) fs::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  void Keep() { keep_ = true; }

 private:
  std::string path_;
  bool keep_;
};

int RunShop(const ShopOptions& options, const std::string& orders) {
  absl::StatusOr<std::vector<StreamEntry>> stream = ReadOrderStream(orders);
  if (!stream.ok()) return Fail(stream.status());
  std::cout << "A shop's morning, as recorded in " << orders << "\n" << std::endl;
  auto shop = Shop::Open(options, *std::move(stream));
  if (!shop.ok()) return Fail(shop.status());
  const absl::Status replayed = (*shop)->Replay();
  const absl::StatusOr<std::vector<Placement>> ledger = (*shop)->ledger().ReadAll();
  if (!ledger.ok()) return Fail(ledger.status());
  std::cout << Table((*shop)->tally(), *ledger) << std::flush;
  if (!replayed.ok()) return Fail(replayed);
  return Holds((*shop)->tally(), *ledger) ? 0 : 1;
}

int Main(int argc, char** argv) {
  const fs::path self = fs::read_symlink("/proc/self/exe");
  ShopOptions options{.semeld = (self.parent_path() / "../../server/semeld").lexically_normal(), .program = self};
  WorkerOptions worker;
  std::string orders = SEMEL_DEMO_ORDERS;
  std::string kept;
  int seconds = static_cast<int>(options.time_limit.count());

  CLI::App app("A shop receives orders with duplicates, retries, lost replies and crashes, and places each once.");
  app.add_option("--semeld", options.semeld, "The server to run")->type_name("PATH");
  app.add_option("--orders", orders, "The recorded requests")->type_name("FILE");
  app.add_option("--keep", kept, "Keep the ledger, the data and the logs here; must be empty or absent")
      ->type_name("DIR");
  app.add_option("--time-limit", seconds, "Fail after so many seconds")->check(CLI::Range(1, 3600));
  auto* as_worker = app.add_option("--worker", worker.name, "Be the worker of this name")->group("");
  app.add_option("--address", worker.address)->group("")->needs(as_worker);
  app.add_option("--ledger", worker.ledger)->group("")->needs(as_worker);
  app.footer("Exits with 0 when every order was placed exactly once, with 1 when not.");
  CLI11_PARSE(app, argc, argv);

  if (!worker.name.empty()) return RunWorker(worker);
  if (!kept.empty() && fs::exists(kept) && !fs::is_empty(kept)) {
    return Fail(absl::InvalidArgumentError(kept + " is not empty"));
  }
  Directory directory(kept);
  if (directory.path().empty()) return Fail(absl::UnavailableError("cannot make a temporary directory"));
  options.directory = directory.path();
  options.time_limit = std::chrono::seconds(seconds);
  const int exit_code = RunShop(options, orders);
  if (exit_code != 0) {
    directory.Keep();
    std::cerr << "semel_demo: the ledger, the data and the logs are in " << directory.path() << "\n";
  }
  return exit_code;
}

}  // namespace
}  // namespace semel::demo

int main(int argc, char** argv) { return semel::demo::Main(argc, argv); }
