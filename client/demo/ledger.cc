#include "client/demo/ledger.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <nlohmann/json.hpp>

namespace semel::demo {
namespace {

using Json = nlohmann::ordered_json;

// One line of the file: an order that was placed, or only a token to be remembered.
struct Line {
  Placement placement;
  bool placed = false;
};

absl::Status Trouble(const char* what) {
  return absl::UnavailableError(std::string("the ledger: ") + what + ": " + strerror(errno));
}

absl::StatusOr<std::string> ReadFile(int fd) {
  std::string bytes;
  char chunk[64 * 1024];
  for (;;) {
    const ssize_t count = pread(fd, chunk, sizeof(chunk), static_cast<off_t>(bytes.size()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Trouble("cannot be read");
    if (count == 0) return bytes;
    bytes.append(chunk, static_cast<size_t>(count));
  }
}

// A last line without its end was torn off by the death of its writer, and counts as never written.
absl::Status DropTornLine(int fd, std::string& bytes) {
  const size_t whole = bytes.rfind('\n') == std::string::npos ? 0 : bytes.rfind('\n') + 1;
  if (whole == bytes.size()) return absl::OkStatus();
  bytes.resize(whole);
  return ftruncate(fd, static_cast<off_t>(whole)) == 0 ? absl::OkStatus() : Trouble("cannot be mended");
}

std::vector<Line> Parse(const std::string& bytes) {
  std::vector<Line> lines;
  for (size_t begin = 0; begin < bytes.size();) {
    const size_t end = bytes.find('\n', begin);
    const Json json = Json::parse(bytes.substr(begin, end - begin));
    lines.push_back({.placement = {.order = json.at("order"),
                                   .token = json.at("token"),
                                   .worker = json.value("worker", ""),
                                   .total_cents = json.value("total_cents", int64_t{0})},
                     .placed = json.at("entry") == "placed"});
    begin = end + 1;
  }
  return lines;
}

absl::StatusOr<std::vector<Line>> ReadLines(int fd) {
  if (fd < 0) return Trouble("cannot be opened");
  absl::StatusOr<std::string> bytes = ReadFile(fd);
  if (!bytes.ok()) return bytes.status();
  if (absl::Status mended = DropTornLine(fd, *bytes); !mended.ok()) return mended;
  return Parse(*bytes);
}

absl::Status Append(int fd, const Json& json) {
  const std::string line = json.dump() + "\n";
  const ssize_t count = write(fd, line.data(), line.size());
  if (count != static_cast<ssize_t>(line.size()) || fdatasync(fd) != 0) return Trouble("cannot be written");
  return absl::OkStatus();
}

}  // namespace

Ledger::Lock::Lock(const std::string& path) : fd_(open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644)) {
  while (fd_ >= 0 && flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
  }
}

Ledger::Lock::~Lock() {
  if (fd_ >= 0) close(fd_);
}

absl::Status Ledger::Place(const Placement& placement) const {
  const Lock lock(path_);
  const absl::StatusOr<std::vector<Line>> lines = ReadLines(lock.fd());
  if (!lines.ok()) return lines.status();
  for (const Line& line : *lines) {
    if (line.placement.order == placement.order && line.placement.token > placement.token) {
      return absl::AbortedError("the ledger has seen a newer fencing token for " + placement.order);
    }
  }
  return Append(lock.fd(), {{"entry", "placed"},
                            {"order", placement.order},
                            {"token", placement.token},
                            {"worker", placement.worker},
                            {"total_cents", placement.total_cents}});
}

absl::StatusOr<std::optional<Placement>> Ledger::FenceAndFind(const std::string& order, int64_t token) const {
  const Lock lock(path_);
  const absl::StatusOr<std::vector<Line>> lines = ReadLines(lock.fd());
  if (!lines.ok()) return lines.status();
  const absl::Status fenced = Append(lock.fd(), {{"entry", "fence"}, {"order", order}, {"token", token}});
  if (!fenced.ok()) return fenced;
  const auto found = std::find_if(lines->begin(), lines->end(),
                                  [&](const Line& line) { return line.placed && line.placement.order == order; });
  return found == lines->end() ? std::nullopt : std::optional<Placement>(found->placement);
}

absl::StatusOr<std::vector<Placement>> Ledger::ReadAll() const {
  const Lock lock(path_);
  const absl::StatusOr<std::vector<Line>> lines = ReadLines(lock.fd());
  if (!lines.ok()) return lines.status();
  std::vector<Placement> placements;
  for (const Line& line : *lines) {
    if (line.placed) placements.push_back(line.placement);
  }
  return placements;
}

}  // namespace semel::demo
