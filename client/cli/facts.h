// An answer as a list of facts, printed for people or as JSON.

#ifndef SEMEL_CLIENT_CLI_FACTS_H_
#define SEMEL_CLIENT_CLI_FACTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "semel/outcome.h"

namespace semel::cli {

// Text shows lengths as 1m30s and instants as in 3 h (2024-05-01T12:00:00Z). JSON has lengths as seconds under NAME_seconds,
// instants as 2024-05-01T12:00:00.000Z, bytes that are no text as base64 under NAME_base64.
class Facts {
 public:
  // `kind` is what the answer is, for example "answer", and `headline` which one, for example "in_progress".
  Facts(std::string_view kind, std::string_view headline);

  void AddText(std::string_view name, std::string_view text);
  void AddNumber(std::string_view name, int64_t number);
  void AddFlag(std::string_view name, bool flag);
  // 1.5 MiB (1,572,864 bytes); in JSON the number of bytes under NAME_bytes.
  void AddSize(std::string_view name, int64_t bytes);
  void AddLength(std::string_view name, Duration length);
  void AddInstant(std::string_view name, Time instant);
  void AddHex(std::string_view name, std::string_view bytes);
  void AddBytes(std::string_view name, std::string_view bytes);
  // One line each; in JSON an array, also where it is empty.
  void AddList(std::string_view name, const std::vector<std::string>& texts);
  void AddTexts(std::string_view name, const std::map<std::string, std::string>& texts);

  // In JSON only: before all others.
  void PutFirst(std::string_view name, std::string_view text);

  // Each ends with a newline.
  std::string AsText() const;
  std::string AsJson() const;

 private:
  void AddLine(std::string_view name, std::string text);

  std::string headline_;
  std::vector<std::pair<std::string, std::string>> lines_;
  nlohmann::ordered_json json_;
};

// As it may be shown on a terminal: what is no text is escaped.
std::string Shown(std::string_view bytes);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_FACTS_H_
