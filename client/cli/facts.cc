#include "client/cli/facts.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/cli/bytes_text.h"
#include "client/cli/duration_text.h"
#include "client/cli/instant_text.h"
#include "client/cli/number_text.h"

namespace semel::cli {
namespace {

// A value of several lines stands below its name, indented.
std::string Indented(const std::string& text) {
  if (text.find('\n') == std::string::npos) return text;
  std::string indented = "\n  ";
  for (const char c : text) indented += c == '\n' ? std::string("\n  ") : std::string(1, c);
  return indented;
}

}  // namespace

std::string Shown(std::string_view bytes) {
  return IsText(bytes) ? std::string(bytes) : absl::CHexEscape(std::string(bytes));
}

Facts::Facts(std::string_view kind, std::string_view headline) : headline_(headline) {
  std::replace(headline_.begin(), headline_.end(), '_', ' ');
  json_[std::string(kind)] = std::string(headline);
}

void Facts::AddLine(std::string_view name, std::string text) {
  std::string label(name);
  std::replace(label.begin(), label.end(), '_', ' ');
  lines_.emplace_back(std::move(label), std::move(text));
}

void Facts::AddText(std::string_view name, std::string_view text) {
  AddLine(name, Indented(Shown(text)));
  json_[std::string(name)] = Shown(text);
}

void Facts::AddNumber(std::string_view name, int64_t number) {
  AddLine(name, std::to_string(number));
  json_[std::string(name)] = number;
}

void Facts::AddFlag(std::string_view name, bool flag) {
  if (flag) AddLine(name, "yes");
  json_[std::string(name)] = flag;
}

void Facts::AddSize(std::string_view name, int64_t bytes) {
  AddLine(name, SizeText(bytes));
  json_[std::string(name) + "_bytes"] = bytes;
}

void Facts::AddLength(std::string_view name, Duration length) {
  AddLine(name, FormatDuration(length));
  json_[std::string(name) + "_seconds"] = std::chrono::duration<double>(length).count();
}

void Facts::AddInstant(std::string_view name, Time instant) {
  AddLine(name, InstantText(instant));
  json_[std::string(name)] = Rfc3339(instant);
}

void Facts::AddHex(std::string_view name, std::string_view bytes) {
  AddLine(name, ToHex(bytes));
  json_[std::string(name)] = ToHex(bytes);
}

void Facts::AddBytes(std::string_view name, std::string_view bytes) {
  if (IsText(bytes)) return AddText(name, bytes);
  AddLine(name, std::to_string(bytes.size()) + " bytes that are no text; --output json shows them in base64");
  json_[std::string(name) + "_base64"] = absl::Base64Escape(std::string(bytes));
}

void Facts::AddList(std::string_view name, const std::vector<std::string>& texts) {
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const std::string& text : texts) {
    AddLine(name, Indented(Shown(text)));
    array.push_back(Shown(text));
  }
  json_[std::string(name)] = std::move(array);
}

void Facts::AddTexts(std::string_view name, const std::map<std::string, std::string>& texts) {
  if (texts.empty()) return;
  nlohmann::ordered_json object;
  for (const auto& [key, value] : texts) {
    AddLine(name, Shown(key) + "=" + Shown(value));
    object[Shown(key)] = Shown(value);
  }
  json_[std::string(name)] = std::move(object);
}

void Facts::PutFirst(std::string_view name, std::string_view text) {
  nlohmann::ordered_json json;
  json[std::string(name)] = Shown(text);
  for (const auto& [key, value] : json_.items()) json[key] = value;
  json_ = std::move(json);
}

std::string Facts::AsText() const {
  size_t width = 0;
  for (const auto& [name, text] : lines_) width = std::max(width, name.size());
  std::string all = headline_ + "\n";
  for (const auto& [name, text] : lines_) {
    const size_t gap = text.starts_with('\n') ? 0 : width - name.size() + 1;
    absl::StrAppend(&all, "  ", name, ":", std::string(gap, ' '), text, "\n");
  }
  return all;
}

std::string Facts::AsJson() const { return json_.dump() + "\n"; }

}  // namespace semel::cli
