#include "server/ops/config.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "server/ops/config_reader.h"

namespace semel::ops {
namespace {

constexpr size_t kMaxProblems = 100;  // told; the rest is counted

absl::Status Refusal(std::vector<Problem> problems, std::string_view filename) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  std::string text;
  for (size_t i = 0; i < std::min(problems.size(), kMaxProblems); ++i) {
    const Problem& problem = problems[i];
    text += fmt::format("{}{}:{}:{}: {}", i == 0 ? "" : "\n", filename, problem.line, problem.column, problem.reason);
  }
  if (problems.size() > kMaxProblems) {
    text += fmt::format("\n{}: and {} more", filename, problems.size() - kMaxProblems);
  }
  return absl::InvalidArgumentError(text);
}

void ReadInto(std::string_view text, Config& config, ConfigReader& reader) {
  try {
    std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.size() > 1) return reader.Add(documents[1].Mark(), "a second document; expected one");
    if (!documents.empty()) reader.Read(documents[0], config);
  } catch (const YAML::Exception& error) {
    reader.Add(error.mark.is_null() ? YAML::Mark() : error.mark, "not valid YAML: " + error.msg);
  }
}

}  // namespace

absl::StatusOr<Config> ParseConfig(std::string_view text, std::string_view filename) {
  Config config;
  ConfigReader reader;
  ReadInto(text, config, reader);
  if (!reader.problems().empty()) return Refusal(reader.problems(), filename);
  return config;
}

absl::StatusOr<Config> LoadConfig(const std::string& path) {
  auto failed = [&] { return absl::ErrnoToStatus(errno, "cannot read " + path); };
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (file == nullptr) return failed();
  std::string text(kMaxConfigBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return failed();
  if (text.size() > kMaxConfigBytes) {
    return absl::InvalidArgumentError(fmt::format("{}: larger than {} MiB", path, kMaxConfigBytes / engine::kMiB));
  }
  return ParseConfig(text, path);
}

}  // namespace semel::ops
