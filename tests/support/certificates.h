// Certificates for a test, made by openssl as it runs: none of them is ever in the repository, or lasts.
//
//   Certificates certificates(directory);
//   certificates.MakeAuthority("ca");
//   certificates.Make("server", {.authority = "ca", .host = "localhost"});
//   certificates.File("server.pem"); certificates.File("server.key");

#ifndef SEMEL_TESTS_SUPPORT_CERTIFICATES_H_
#define SEMEL_TESTS_SUPPORT_CERTIFICATES_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/temporary_directory.h"

namespace semel::support {

class Certificates {
 public:
  struct Wish {
    std::string authority;
    std::string host = "localhost";
    int days = 2;  // until it expires; may be negative
    std::string key = "ec -pkeyopt ec_paramgen_curve:prime256v1";
  };

  explicit Certificates(const TemporaryDirectory& directory) : directory_(directory) {}

  // NAME.pem and NAME.key
  void MakeAuthority(const std::string& name) {
    OpenSsl(absl::StrCat("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=", name,
                         " -keyout ", name, ".key -out ", name, ".pem"));
  }
  void Make(const std::string& name, const Wish& wish) {
    OpenSsl(absl::StrCat("req -newkey ", wish.key, " -nodes -subj /CN=", wish.host, " -keyout ", name, ".key -out ",
                         name, ".csr"));
    Write(name + ".ext", absl::StrCat("subjectAltName=DNS:", wish.host, "\n"));
    OpenSsl(absl::StrCat("x509 -req -in ", name, ".csr -CA ", wish.authority, ".pem -CAkey ", wish.authority,
                         ".key -CAcreateserial -days ", wish.days, " -extfile ", name, ".ext -out ", name, ".pem"));
  }

  std::string File(const std::string& name) const { return directory_ / name; }
  std::string Read(const std::string& name) const {
    std::ostringstream contents;
    contents << std::ifstream(File(name), std::ios::binary).rdbuf();
    return std::move(contents).str();
  }
  void Write(const std::string& name, const std::string& contents) const {
    std::ofstream(File(name), std::ios::binary) << contents;
  }
  // Runs there; what it says is in openssl.log.
  void OpenSsl(const std::string& arguments) const {
    ASSERT_EQ(
        std::system(absl::StrCat("cd ", directory_ / "", " && openssl ", arguments, " >>openssl.log 2>&1").c_str()), 0)
        << "openssl " << arguments << "\n"
        << Read("openssl.log");
  }

 private:
  const TemporaryDirectory& directory_;
};

}  // namespace semel::support

#endif  // SEMEL_TESTS_SUPPORT_CERTIFICATES_H_
