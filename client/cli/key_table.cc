#include "client/cli/key_table.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/escaping.h"
#include "client/cli/bytes_text.h"
#include "client/cli/columns.h"
#include "client/cli/instant_text.h"
#include "client/cli/report.h"

namespace semel::cli {
namespace {

constexpr size_t kNarrowest = 12;  // a column is cut no further than this

std::string StateText(State state) {
  std::string text(NameOf(state));
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

// What happens next, or happened last.
std::string TimingOf(const Record& record, Time now) {
  switch (record.state) {
    case State::kInProgress:
      if (record.lease_remaining <= Duration::zero()) return "lease has lapsed";
      return "lease lapses in " + RoughDuration(record.lease_remaining);
    case State::kInDoubt:
      return record.in_doubt_since ? "in doubt since " + InstantText(*record.in_doubt_since, now) : "";
    case State::kDone:
    case State::kFailed: return record.expire_time ? "expires " + InstantText(*record.expire_time, now) : "";
    case State::kExpired: return "forgotten " + InstantText(record.forget_time, now);
  }
  return "";
}

}  // namespace

std::string Word(std::string_view bytes) {
  const bool one_line = bytes.find_first_of("\t\n") == std::string_view::npos;
  if (one_line && IsText(bytes)) return ShellQuoted(bytes);
  return "$'" + absl::CHexEscape(std::string(bytes)) + "'";
}

KeyTable::KeyTable(bool with_namespace, std::optional<size_t> width) : with_namespace_(with_namespace), width_(width) {
  for (const std::string& heading : HeadingsOf()) widths_.push_back(WidthOf(heading));
}

KeyTable::Row KeyTable::HeadingsOf() const {
  Row row = {"KEY", "OWNER", "STATE", "ATTEMPT", "AGE", "TIME"};
  if (with_namespace_) row.insert(row.begin(), "NAMESPACE");
  return row;
}

KeyTable::Row KeyTable::RowOf(const ListedKey& key, Time now) const {
  const Record& record = key.record;
  const Duration age = std::max<Duration>(now - record.create_time, Duration::zero());
  Row row = {Word(key.key),           record.owner.empty() ? "" : Word(record.owner),
             StateText(record.state), std::to_string(record.attempt),
             RoughDuration(age),      TimingOf(record, now)};
  if (with_namespace_) row.insert(row.begin(), Word(key.namespace_name));
  return row;
}

// Takes from the wider one of key and owner until a row fits or both are narrow.
std::vector<size_t> KeyTable::FittedWidths() const {
  std::vector<size_t> fitted = widths_;
  if (!width_) return fitted;
  size_t total = kColumnGap.size() * (fitted.size() - 1);
  for (const size_t width : fitted) total += width;
  size_t& key = fitted[with_namespace_ ? 1 : 0];
  size_t& owner = fitted[with_namespace_ ? 2 : 1];
  while (total > *width_ && std::max(key, owner) > kNarrowest) {
    --(key >= owner ? key : owner);
    --total;
  }
  return fitted;
}

std::string KeyTable::Page(const std::vector<ListedKey>& keys, Time now) {
  std::vector<Row> rows;
  if (!headings_shown_ && !keys.empty()) rows.push_back(HeadingsOf());
  headings_shown_ = headings_shown_ || !keys.empty();
  for (const ListedKey& key : keys) {
    rows.push_back(RowOf(key, now));
    for (size_t i = 0; i < widths_.size(); ++i) widths_[i] = std::max(widths_[i], WidthOf(rows.back()[i]));
  }
  const std::vector<size_t> widths = FittedWidths();
  std::string text;
  for (const Row& row : rows) {
    if (!width_) {
      text += LineOf(row, widths);
      continue;
    }
    Row cut = row;
    for (size_t i = 0; i + 1 < cut.size(); ++i) cut[i] = CutTo(cut[i], widths[i]);
    std::string line = LineOf(cut, widths);
    line.pop_back();
    text += CutTo(line, *width_) + "\n";
  }
  return text;
}

}  // namespace semel::cli
