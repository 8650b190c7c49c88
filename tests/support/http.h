// GET and POST over plain HTTP from this machine.

#ifndef SEMEL_TESTS_SUPPORT_HTTP_H_
#define SEMEL_TESTS_SUPPORT_HTTP_H_

#include <string>

namespace semel::support {

struct HttpAnswer {
  int code = 0;  // 0: nobody answers
  std::string body;
};

HttpAnswer HttpGet(int port, const std::string& path);
HttpAnswer HttpPost(int port, const std::string& path);  // without a body

}  // namespace semel::support

#endif  // SEMEL_TESTS_SUPPORT_HTTP_H_
