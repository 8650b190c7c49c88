#include "server/ops/config.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <sstream>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "server/ops/config_reader.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/yaml.h"

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

// Remembers where the document that was parsed last began.
class DocumentPlace final : public YAML::EventHandler {
 public:
  YAML::Mark begin;

 private:
  void OnDocumentStart(const YAML::Mark& mark) override { begin = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

// Where something follows the first document. yaml-cpp's LoadAll would tell, but up to 0.8 it never ends where a stray
// comma does: jbeder/yaml-cpp#1319.
std::optional<YAML::Mark> SecondDocument(const std::string& text) {
  std::istringstream in(text);
  YAML::Parser parser(in);
  DocumentPlace place;
  if (!parser.HandleNextDocument(place) || !parser.HandleNextDocument(place)) return std::nullopt;
  return place.begin;
}

void ReadInto(const std::string& text, Config& config, ConfigReader& reader) {
  try {
    if (std::optional<YAML::Mark> second = SecondDocument(text)) {
      return reader.Add(*second, "not valid YAML, or a second document where one is expected");
    }
    YAML::Node root = YAML::Load(text);
    reader.Read(root, config);
  } catch (const YAML::Exception& error) {
    reader.Add(error.mark.is_null() ? YAML::Mark() : error.mark, "not valid YAML: " + error.msg);
  }
}

}  // namespace

absl::StatusOr<Config> ParseConfig(std::string_view text, std::string_view filename) {
  Config config;
  ConfigReader reader;
  ReadInto(std::string(text), config, reader);
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
