// Keys as a table for people, a page at a time.

#ifndef SEMEL_CLIENT_CLI_KEY_TABLE_H_
#define SEMEL_CLIENT_CLI_KEY_TABLE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "semel/admin_client.h"

namespace semel::cli {

// Only as much stands in memory as a page has. Columns are as wide as the widest value so far: those of later pages may be
// wider, never narrower, so that a long listing stays readable while it streams.
class KeyTable {
 public:
  // With `width`, that of a terminal, long keys and owners are cut, and then the row's end.
  KeyTable(bool with_namespace, std::optional<size_t> width);

  // A line for each key, after a line of headings if it is the first page with any.
  std::string Page(const std::vector<ListedKey>& keys, Time now);

 private:
  using Row = std::vector<std::string>;

  Row HeadingsOf() const;
  Row RowOf(const ListedKey& key, Time now) const;
  std::vector<size_t> FittedWidths() const;

  const bool with_namespace_;
  const std::optional<size_t> width_;
  bool headings_shown_ = false;
  std::vector<size_t> widths_;
};

// One word without a line break in it, whatever the bytes: plain where it is plain, otherwise quoted as a shell reads it.
std::string Word(std::string_view bytes);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_KEY_TABLE_H_
