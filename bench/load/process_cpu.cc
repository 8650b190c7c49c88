#include "bench/load/process_cpu.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace semel::bench {

namespace {

struct ProcessTimes {
  pid_t parent = 0;
  double ticks = 0;  // with those of its children that ended
};

std::optional<ProcessTimes> Read(const std::filesystem::path& process) {
  std::ifstream file(process / "stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  // The second field, the name in parentheses, may hold spaces and parentheses of its own: count from behind the last one.
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string skipped;
  ProcessTimes times;
  fields >> skipped >> times.parent;
  for (int field = 5; field < 14; ++field) fields >> skipped;
  for (int field = 14; field < 18; ++field) {
    double ticks = 0;
    fields >> ticks;
    times.ticks += ticks;
  }
  if (!fields) return std::nullopt;
  return times;
}

}  // namespace

std::optional<double> CpuSecondsOf(pid_t pid) {
  std::map<pid_t, double> ticks;
  std::multimap<pid_t, pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::optional<ProcessTimes> times = Read(entry.path());
    if (!times) continue;  // it ended meanwhile
    ticks[std::stoi(name)] = times->ticks;
    children.emplace(times->parent, std::stoi(name));
  }
  if (!ticks.contains(pid)) return std::nullopt;
  double total = 0;
  std::vector<pid_t> family{pid};
  for (size_t i = 0; i < family.size(); ++i) {
    total += ticks[family[i]];
    auto [begin, end] = children.equal_range(family[i]);
    for (auto child = begin; child != end; ++child) family.push_back(child->second);
  }
  return total / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double OwnCpuSeconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);  // fails only for what it does not know
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace semel::bench
