#include "client/demo/server_process.h"

#include <chrono>
#include <optional>
#include <utility>

namespace semel::demo {
namespace {

// Generous: a sanitizer's build on a busy machine.
constexpr std::chrono::seconds kStartTimeout{30};

// From "semeld ready grpc=HOST:PORT admin=HOST:PORT", what follows `before`.
std::optional<std::string> AddressIn(const std::string& line, const std::string& before) {
  const size_t found = line.starts_with("semeld ready ") ? line.find(before) : std::string::npos;
  if (found == std::string::npos) return std::nullopt;
  const size_t begin = found + before.size();
  return line.substr(begin, line.find(' ', begin) - begin);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(const std::string& semeld,
                                                                    const std::string& directory,
                                                                    const std::vector<std::string>& more_arguments) {
  std::vector<std::string> arguments = {
      semeld, "--listen", "127.0.0.1:0", "--data-dir", directory + "/data", "--admin-listen", "127.0.0.1:0"};
  arguments.insert(arguments.end(), more_arguments.begin(), more_arguments.end());
  const std::string log = directory + "/semeld.log";
  auto process = ChildProcess::Start(arguments, log);
  if (!process.ok()) return process.status();
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (const std::optional<std::string> line = (*process)->ReadLine(deadline)) {
    if (std::optional<std::string> address = AddressIn(*line, " grpc=")) {
      return std::unique_ptr<ServerProcess>(
          new ServerProcess(*std::move(process), *std::move(address), AddressIn(*line, " admin=").value_or("")));
    }
  }
  return absl::UnavailableError("semeld did not come up; see " + log);
}

}  // namespace semel::demo
