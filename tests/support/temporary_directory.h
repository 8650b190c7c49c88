// A fresh directory, removed at the end; on the machine's own disk, unless the test says where.

#ifndef SEMEL_TESTS_SUPPORT_TEMPORARY_DIRECTORY_H_
#define SEMEL_TESTS_SUPPORT_TEMPORARY_DIRECTORY_H_

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace semel::support {

class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string path = (parent / "semel-test-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) std::abort();
    path_ = path;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace semel::support

#endif  // SEMEL_TESTS_SUPPORT_TEMPORARY_DIRECTORY_H_
