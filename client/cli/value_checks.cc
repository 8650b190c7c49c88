#include "client/cli/value_checks.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "client/cli/facts.h"
#include "client/cpp/utf8.h"

namespace semel::cli {
namespace {

// For these an empty text is a value like any other.
constexpr std::string_view kMayBeEmpty[] = {"result", "message", "fingerprint", "DATA"};

// Bytes like any other: what is stored or hashed as it is, and the names of files.
constexpr std::string_view kMayBeBytes[] = {"result",           "fingerprint", "DATA",     "result-file", "data-file",
                                            "fingerprint-file", "from",        "DATA_DIR", "BACKUP_DIR",  "tls-ca",
                                            "tls-certificate",  "tls-key"};

template <typename Check>
void ForEachOption(CLI::App& app, const Check& check) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_items_expected_max() != 0) check(*option);  // the others are flags
  }
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) ForEachOption(*command, check);
}

template <size_t size>
bool IsOneOf(const std::string_view (&names)[size], const CLI::Option& option) {
  return std::find(std::begin(names), std::end(names), option.get_single_name()) != std::end(names);
}

std::string EmptyProblem(const std::string& text) {
  return text.empty() ? "the value is empty: give one, or leave the option out" : "";
}

std::string Utf8Problem(const std::string& text) {
  return IsUtf8(text) ? "" : "the value is not UTF-8: \"" + Shown(text) + "\"";
}

// Before the other checks, whose messages would be about what the value is not.
void CheckFirst(CLI::Option& option, std::string (*problem)(const std::string&)) {
  option.transform(CLI::Validator([problem](std::string& text) { return problem(text); }, ""));
}

std::string NumberProblem(const std::string& text, int64_t least, int64_t most) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [read_to, error] = std::from_chars(text.data(), end, number);
  const bool padded = text.size() > 1 && text.front() == '0';
  if (error == std::errc() && read_to == end && !padded && number >= least && number <= most) return "";
  std::string problem = "\"" + text + "\" is not a whole number from " + std::to_string(least);
  return most == std::numeric_limits<int64_t>::max() ? problem : problem + " to " + std::to_string(most);
}

}  // namespace

CLI::Validator WholeNumber(int64_t least, int64_t most) {
  return CLI::Validator([least, most](std::string& text) { return NumberProblem(text, least, most); }, "");
}

void RefuseValuesThatAreNone(CLI::App& app) {
  ForEachOption(app, [](CLI::Option& option) {
    if (!IsOneOf(kMayBeEmpty, option)) CheckFirst(option, EmptyProblem);
    if (!IsOneOf(kMayBeBytes, option)) CheckFirst(option, Utf8Problem);
  });
}

}  // namespace semel::cli
